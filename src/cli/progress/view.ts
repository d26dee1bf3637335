import type { Calls } from '../calls.js'
import type { ReadingProgress } from '../input/read-rows.js'
import type { Tally } from '../tally.js'

/** What progress is told from. */
export interface Sources {
  tally: Tally
  calls: Calls
  reading: ReadingProgress
  /** Of the input, in bytes; undefined for a pipe. */
  size: number | undefined
}

/** Where a run stands, for people. */
export interface View {
  done: number
  failed: number
  running: number
  /** Rows a second, of late. */
  rate: number
  /** Rows in all: estimated from the bytes until the input is read to its end. Undefined if nothing is known. */
  total: number | undefined
  /** In seconds; undefined if it cannot be told. */
  left: number | undefined
}

/** The rate is that of so many ms, or of the whole run where those saw fewer rows than this. */
const span = 10_000
const leastRows = 5

interface Sample {
  time: number
  done: number
}

/** Looks at a run now and then. */
export class Viewer {
  readonly #sources: Sources
  #first: Sample | undefined
  #samples: Sample[] = []

  constructor(sources: Sources) {
    this.#sources = sources
  }

  look(): View {
    const { tally, calls } = this.#sources
    const done = tally.ok + tally.failed
    const rate = this.#rate(done)
    const total = this.#total()
    const left = total === undefined || rate === 0 ? undefined : Math.max(0, total - done) / rate
    return { done, failed: tally.failed, running: calls.stats().running, rate, total, left }
  }

  #rate(done: number): number {
    const now = { time: performance.now(), done }
    this.#first ??= now
    this.#samples.push(now)
    while (now.time - (this.#samples[1]?.time ?? now.time) > span) this.#samples.shift()
    const recent = this.#samples[0] ?? now
    const since = done - recent.done < leastRows ? this.#first : recent
    return since.time === now.time ? 0 : ((done - since.done) / (now.time - since.time)) * 1000
  }

  #total(): number | undefined {
    const { reading, size } = this.#sources
    if (reading.isOver) return reading.rows
    if (size === undefined || reading.bytes === 0) return undefined
    return Math.max(reading.rows, Math.round((reading.rows * size) / reading.bytes))
  }
}
