import { NotOwnerError } from '../channel/errors.js'

/**
 * What `acquire` returns: gives back what was acquired, once through this guard. In TypeScript, or where the runtime has
 * it, with `using`.
 *
 * @example
 * {
 *   using guard = lock.acquire()
 *   counters[0]++
 * } // given back here, also if something is thrown
 */
export class Guard implements Disposable {
  #giveBack: (() => void) | undefined

  /** Guards come from `acquire` and its kin. */
  constructor(giveBack: () => void) {
    this.#giveBack = giveBack
  }

  /** Whether it has been given back through this guard. */
  get released(): boolean {
    return this.#giveBack === undefined
  }

  /**
   * Does not block.
   *
   * @throws {NotOwnerError} if it has been given back already through this guard, or, what it holds being a lock,
   * otherwise. A permit of a semaphore is like any other: given back otherwise, this adds one, unless it is bounded
   */
  release(): void {
    const giveBack = this.#giveBack
    if (giveBack === undefined) throw new NotOwnerError('this guard has given back what it held already')
    this.#giveBack = undefined
    giveBack()
  }

  /** `release()` unless that has been called. */
  [Symbol.dispose](): void {
    if (!this.released) this.release()
  }
}
