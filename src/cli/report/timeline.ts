/** So many stretches of time are told apart; when there are more, each two become one. */
const mostStretches = 240

/** Of a quantity that stays what it is until it is said to change. */
interface Level {
  /** Each value times how long it stayed, in ms. */
  sum: number
  most: number
  /** For how long it is known, in ms. */
  time: number
}

/** What it was at some time, and has been since. */
interface Levels {
  time: number
  running: number
  queued: number
}

interface Stretch {
  ok: number
  failed: number
  running: Level
  queued: Level
}

/** What happened when, one number for each stretch of time. */
export interface Course {
  /** Of a stretch, in ms. */
  width: number
  ok: number[]
  failed: number[]
  /** On average. */
  running: number[]
  mostRunning: number[]
  queued: number[]
  mostQueued: number[]
  /** On average over all the time for which it is known. */
  meanRunning: number
  meanQueued: number
}

/** A run over time, in a memory that does not grow with it. */
export class Timeline {
  readonly #start: number
  #width: number
  #stretches: Stretch[] = []
  #last: Levels | undefined

  /** @param start - in ms on the clock that all times are of */
  constructor(start: number, width = 100) {
    this.#start = start
    this.#width = width
  }

  count(time: number, ok: number, failed: number): void {
    const stretch = this.#at(time)
    stretch.ok += ok
    stretch.failed += failed
  }

  /** From this time on, which is no earlier than the last one. */
  level(time: number, running: number, queued: number): void {
    if (this.#last !== undefined) this.#stay(this.#last, time)
    this.#last = { time, running, queued }
    const stretch = this.#at(time)
    addLevel(stretch.running, running, 0)
    addLevel(stretch.queued, queued, 0)
  }

  /** Shares out the time since the last change among the stretches that it is in. */
  #stay({ time, running, queued }: Levels, end: number): void {
    const last = this.#at(end) // first, since it may make all stretches wider
    for (let begin = time; begin < end; ) {
      const stretch = this.#at(begin)
      const next = stretch === last ? end : Math.min(end, this.#endOf(begin))
      addLevel(stretch.running, running, next - begin)
      addLevel(stretch.queued, queued, next - begin)
      begin = next
    }
  }

  course(): Course {
    const all = this.#stretches
    return {
      width: this.#width,
      ok: all.map(({ ok }) => ok),
      failed: all.map(({ failed }) => failed),
      running: all.map(({ running }) => meanOf(running)),
      mostRunning: all.map(({ running }) => running.most),
      queued: all.map(({ queued }) => meanOf(queued)),
      mostQueued: all.map(({ queued }) => queued.most),
      meanRunning: meanOf(all.map(({ running }) => running).reduce(mergeLevels, none())),
      meanQueued: meanOf(all.map(({ queued }) => queued).reduce(mergeLevels, none())),
    }
  }

  #at(time: number): Stretch {
    while (this.#position(time) >= mostStretches) this.#coarsen()
    const position = this.#position(time)
    while (this.#stretches.length <= position) this.#stretches.push(nothing())
    return this.#stretches[position] as Stretch
  }

  #position(time: number): number {
    return Math.max(0, Math.floor((time - this.#start) / this.#width))
  }

  /** Where the stretch of a time ends; later than that time, also where numbers are rounded. */
  #endOf(time: number): number {
    for (let position = this.#position(time) + 1; ; position++) {
      const end = this.#start + position * this.#width
      if (end > time) return end
    }
  }

  #coarsen(): void {
    this.#width *= 2
    this.#stretches = Array.from({ length: Math.ceil(this.#stretches.length / 2) }, (_, position) =>
      merge(this.#stretches[2 * position] as Stretch, this.#stretches[2 * position + 1] ?? nothing()),
    )
  }
}

function nothing(): Stretch {
  return { ok: 0, failed: 0, running: none(), queued: none() }
}

function none(): Level {
  return { sum: 0, most: 0, time: 0 }
}

function addLevel(level: Level, value: number, time: number): void {
  level.sum += value * time
  level.most = Math.max(level.most, value)
  level.time += time
}

function meanOf({ sum, time }: Level): number {
  return time === 0 ? 0 : sum / time
}

function merge(one: Stretch, other: Stretch): Stretch {
  return {
    ok: one.ok + other.ok,
    failed: one.failed + other.failed,
    running: mergeLevels(one.running, other.running),
    queued: mergeLevels(one.queued, other.queued),
  }
}

function mergeLevels(one: Level, other: Level): Level {
  return {
    sum: one.sum + other.sum,
    most: Math.max(one.most, other.most),
    time: one.time + other.time,
  }
}
