import { longestTimer } from '../channel/clock.js'

/**
 * A sliding window over starts: never more than `tasks` of them within any `per` ms. The last `tasks` starts are
 * remembered, and the next one may come `per` ms after the oldest of those; so an idle period saves nothing up, and
 * memory is bounded.
 *
 * The clock is read when it is needed, unlike that of channel/clock.ts: it has to agree with the timers of the program,
 * which in a test may be fake.
 */
export class RateWindow {
  readonly #tasks: number
  readonly #per: number
  /** Times of the last starts, a ring. */
  readonly #starts: Float64Array
  /** How much of the ring is in use. */
  #filled = 0
  /** Where the next start goes; in a full ring that is where the oldest stands. */
  #next = 0
  #timer: NodeJS.Timeout | undefined

  constructor({ tasks, per }: { tasks: number; per: number }) {
    this.#tasks = tasks
    this.#per = per
    this.#starts = new Float64Array(tasks)
  }

  /** Whether so many tasks may start now. */
  allows(count: number): boolean {
    return count <= this.#tasks && this.#oldest(count - 1) <= performance.now() - this.#per
  }

  /** A start counts from its beginning, so that what is called in it finds it counted. */
  beginStart(): void {
    this.#starts[this.#next] = performance.now()
    this.#next = (this.#next + 1) % this.#tasks
    if (this.#filled < this.#tasks) this.#filled++
  }

  /** The window begins where the start ends: whatever clock the task has read in it, it was read before. */
  endStart(): void {
    this.#starts[(this.#next + this.#tasks - 1) % this.#tasks] = performance.now()
  }

  /** Calls back when the next task may start; once, however often it is asked to. */
  whenAllowed(callback: () => void): void {
    if (this.#timer !== undefined) return
    // Timers may fire a little early, and end before windows of months: whoever is called looks at the clock again.
    const wait = Math.ceil(this.#oldest(0) + this.#per - performance.now())
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined
        callback()
      },
      Math.min(Math.max(wait, 1), longestTimer),
    )
  }

  /** Nothing waits any more: a timer would only keep the process alive. */
  forget(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** When the oldest start was, or the one so many after it. */
  #oldest(after: number): number {
    const index = (this.#next + after) % this.#tasks
    return index < this.#filled ? (this.#starts[index] as number) : Number.NEGATIVE_INFINITY
  }
}
