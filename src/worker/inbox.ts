import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import type { RequestMessage } from '../channel/records.js'
import { Spin, type WorkerWants } from '../channel/wait.js'
import { ahead, Word } from '../channel/words.js'

/** The worker's end of the caller's messages: reads them in order and sleeps while there are none. */
export class Inbox {
  readonly #words: Int32Array
  readonly #port: MessagePort
  readonly #spin = new Spin()
  #taken: number
  /** A waitAsync is pending. It outlives a park that something else ended, and serves the next one. */
  #armed = false
  #resume: (() => void) | undefined

  constructor(words: Int32Array, port: MessagePort) {
    this.#words = words
    this.#port = port
    this.#taken = Atomics.load(words, Word.WorkerPosted) // both counters begin at the same value
    port.ref() // a pending waitAsync does not keep the thread alive
  }

  hasNews(): boolean {
    return Atomics.load(this.#words, Word.CallerPosted) !== this.#taken
  }

  /** The next message, or undefined while the counter announces none. */
  next(): RequestMessage | undefined {
    if (ahead(Atomics.load(this.#words, Word.CallerPosted), this.#taken) <= 0) return undefined
    this.#taken = (this.#taken + 1) | 0
    return receiveMessageOnPort(this.#port)?.message
  }

  /** True if a message came within the spin. Blocks the event loop meanwhile: only with nothing in flight. */
  spin(): boolean {
    return this.#spin.whileEqual(this.#words, Word.CallerPosted, this.#taken)
  }

  /** How long to go on turning the event loop for a message before parking, in ms. */
  get patience(): number {
    return this.#spin.budget
  }

  /**
   * Sleeps in the event loop, where sockets and timers of tasks stay alive.
   *
   * Ended by `ring` on `WorkerParked`, which the caller calls after it advanced `CallerPosted`: raising the word
   * and then looking at the counter once more makes sure that one of us sees the other (channel/wait.ts). Also
   * ended by `wake`, from this thread, when a task settles. If the caller's thread is gone, so is this one.
   */
  async park(wants: WorkerWants): Promise<void> {
    Atomics.store(this.#words, Word.WorkerParked, wants)
    if (!this.hasNews() && this.#arm(wants))
      await new Promise<void>(resolve => {
        this.#resume = resolve
      })
    Atomics.store(this.#words, Word.WorkerParked, 0)
  }

  /** Ends a park from this side. */
  wake(): void {
    this.#resume?.()
    this.#resume = undefined
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
