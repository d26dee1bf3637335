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

/** The rate is that of so many ms. */
const span = 10_000

/** Looks at a run now and then. */
export class Viewer {
  readonly #sources: Sources
  #samples: { time: number; done: number }[] = []

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
    const time = performance.now()
    this.#samples.push({ time, done })
    while (this.#samples.length > 2 && time - (this.#samples[1]?.time ?? time) > span) this.#samples.shift()
    const [first] = this.#samples
    if (first === undefined || first.time === time) return 0
    return ((done - first.done) / (time - first.time)) * 1000
  }

  #total(): number | undefined {
    const { reading, size } = this.#sources
    if (reading.isOver) return reading.rows
    if (size === undefined || reading.bytes === 0) return undefined
    return Math.max(reading.rows, Math.round((reading.rows * size) / reading.bytes))
  }
}
