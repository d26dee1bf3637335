import { availableParallelism } from 'node:os'
import type { WorkerWants } from '../channel/wait.js'
import { Word } from '../channel/words.js'

/**
 * A message wakes the event loop in any case. With one core, where its thread runs only when the caller sleeps, that
 * alone is a system call less than to be woken by `ring` as well. With more, `ring` is quicker, and the messages of a
 * burst can be fetched at less cost than the event loop brings them.
 */
export const isWokenByPort = availableParallelism() === 1

/** Where the worker's loop sleeps: in the event loop, where sockets and timers of tasks stay alive. */
export class Parking {
  readonly #words: Int32Array
  /** A waitAsync is pending. It outlives a park that something else ended, and serves the next one. */
  #armed = false
  #resume: (() => void) | undefined

  /** @param words - those of the executor's owner; callers of a shared executor ring there too */
  constructor(words: Int32Array) {
    this.#words = words
  }

  /**
   * Ended by `ring` on `WorkerParked`, which a caller calls after it advanced its `CallerPosted`: raising the word
   * and then looking at the counters once more makes sure that one of us sees the other (channel/wait.ts). Also
   * ended by `wake`, from this thread, when a task settles. If the owner's thread is gone, so is this one.
   */
  park(wants: WorkerWants, hasNews: () => boolean): Promise<void> | undefined {
    if (isWokenByPort) return hasNews() ? undefined : this.#untilWoken()
    Atomics.store(this.#words, Word.WorkerParked, wants)
    if (!hasNews() && this.#arm(wants)) return this.#untilWoken()
    Atomics.store(this.#words, Word.WorkerParked, 0)
    return undefined
  }

  get isParked(): boolean {
    return this.#resume !== undefined
  }

  /** Ends a park from this side. */
  wake(): void {
    if (this.#resume === undefined) return
    Atomics.store(this.#words, Word.WorkerParked, 0)
    this.#resume()
    this.#resume = undefined
  }

  #untilWoken(): Promise<void> {
    return new Promise(resolve => {
      this.#resume = resolve
    })
  }

  /** False if the word is down already. At most one wait is pending: each abandoned one would leak about 1 kB. */
  #arm(wants: WorkerWants): boolean {
    if (this.#armed) return true
    const wait = Atomics.waitAsync(this.#words, Word.WorkerParked, wants)
    if (!wait.async) return false
    this.#armed = true
    wait.value.then(() => {
      this.#armed = false
      this.wake()
    })
    return true
  }
}
