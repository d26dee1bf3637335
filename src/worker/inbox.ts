import { availableParallelism } from 'node:os'
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { now } from '../channel/clock.js'
import type { RequestMessage } from '../channel/records.js'
import { longestSpin, spinWhileEqual, type WorkerWants } from '../channel/wait.js'
import { ahead, Word } from '../channel/words.js'

/**
 * A message wakes the event loop in any case. With one core, where its thread runs only when the caller sleeps, that
 * alone is a system call less than to be woken by `ring` as well. With more, `ring` is quicker, and the messages of a
 * burst can be fetched at less cost than the event loop brings them.
 */
const isWokenByPort = availableParallelism() === 1

/** The worker's end of the caller's messages: reads them in order and sleeps while there are none. */
export class Inbox {
  readonly #words: Int32Array
  readonly #port: MessagePort
  #taken: number
  /** A waitAsync is pending. It outlives a park that something else ended, and serves the next one. */
  #armed = false
  #resume: (() => void) | undefined
  /** Brought by the event loop. The counter of taken messages runs ahead of the caller's for a moment then. */
  readonly #delivered: RequestMessage[] = []

  constructor(words: Int32Array, port: MessagePort) {
    this.#words = words
    this.#port = port
    this.#taken = Atomics.load(words, Word.WorkerPosted) // both counters begin at the same value
    if (isWokenByPort)
      port.on('message', (message: RequestMessage) => {
        this.#delivered.push(message)
        this.wake()
      })
    port.ref() // a pending waitAsync does not keep the thread alive
  }

  hasNews(): boolean {
    return this.#delivered.length > 0 || ahead(Atomics.load(this.#words, Word.CallerPosted), this.#taken) > 0
  }

  /** The next message, or undefined while the counter announces none. */
  next(): RequestMessage | undefined {
    if (!this.hasNews()) return undefined
    this.#taken = (this.#taken + 1) | 0
    return this.#delivered.shift() ?? receiveMessageOnPort(this.#port)?.message
  }

  /** Waits a little for a message, if that pays. Blocks the event loop meanwhile: only with nothing in flight. */
  spin(): void {
    if (this.patience > 0) spinWhileEqual(this.#words, Word.CallerPosted, this.#taken, now())
  }

  /** How long to wait for a message before parking, in ms. */
  get patience(): number {
    return Atomics.load(this.#words, Word.Spinning) === 1 ? longestSpin : 0
  }

  /**
   * Sleeps in the event loop, where sockets and timers of tasks stay alive.
   *
   * Ended by `ring` on `WorkerParked`, which the caller calls after it advanced `CallerPosted`: raising the word
   * and then looking at the counter once more makes sure that one of us sees the other (channel/wait.ts). Also
   * ended by `wake`, from this thread, when a task settles. If the caller's thread is gone, so is this one.
   */
  park(wants: WorkerWants): Promise<void> | undefined {
    if (isWokenByPort) return this.hasNews() ? undefined : this.#untilWoken()
    Atomics.store(this.#words, Word.WorkerParked, wants)
    if (!this.hasNews() && this.#arm(wants)) return this.#untilWoken()
    Atomics.store(this.#words, Word.WorkerParked, 0)
    return undefined
  }

  #untilWoken(): Promise<void> {
    return new Promise(resolve => {
      this.#resume = resolve
    })
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
