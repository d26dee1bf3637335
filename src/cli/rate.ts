import { pause } from './stop.js'

/** Timers are late by a ms or so; starts that are closer together than this make up for it, in ms. */
const finest = 10

/** Spreads starts evenly, so that no stretch of time sees more of them than the rate allows. */
export class Rate {
  readonly #interval: number
  readonly #slack: number
  #next = 0

  /** @param interval - ms from one start to the next; 0: no limit */
  constructor(interval: number) {
    this.#interval = interval
    this.#slack = interval < finest ? finest : 0
  }

  /** Waits for this start's time. To be called by one after the other. */
  async turn(signal: AbortSignal): Promise<void> {
    if (this.#interval === 0) return
    for (let left = this.#left(); left > 0 && !signal.aborted; left = this.#left()) await pause(left, signal)
    this.#next = Math.max(this.#next, performance.now() - this.#slack) + this.#interval
  }

  /** Timers may also be early, by less than a ms: hence the second look. */
  #left(): number {
    return this.#next - performance.now()
  }
}
