/** So many stretches of time are told apart; when there are more, each two become one. */
const mostStretches = 240

/** Of a quantity that is looked at now and then. */
interface Level {
  sum: number
  most: number
  looks: number
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
}

/** A run over time, in a memory that does not grow with it. */
export class Timeline {
  readonly #start: number
  #width: number
  #stretches: Stretch[] = []

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

  look(time: number, running: number, queued: number): void {
    const stretch = this.#at(time)
    addLook(stretch.running, running)
    addLook(stretch.queued, queued)
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
    }
  }

  #at(time: number): Stretch {
    const position = () => Math.max(0, Math.floor((time - this.#start) / this.#width))
    while (position() >= mostStretches) this.#coarsen()
    while (this.#stretches.length <= position()) this.#stretches.push(nothing())
    return this.#stretches[position()] as Stretch
  }

  #coarsen(): void {
    this.#width *= 2
    this.#stretches = Array.from({ length: Math.ceil(this.#stretches.length / 2) }, (_, position) =>
      merge(this.#stretches[2 * position] as Stretch, this.#stretches[2 * position + 1] ?? nothing()),
    )
  }
}

function nothing(): Stretch {
  const none = { sum: 0, most: 0, looks: 0 }
  return { ok: 0, failed: 0, running: { ...none }, queued: { ...none } }
}

function addLook(level: Level, value: number): void {
  level.sum += value
  level.most = Math.max(level.most, value)
  level.looks++
}

function meanOf({ sum, looks }: Level): number {
  return looks === 0 ? 0 : sum / looks
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
    looks: one.looks + other.looks,
  }
}
