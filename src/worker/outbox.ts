import type { MessagePort } from 'node:worker_threads'
import { refusal } from '../channel/cloneable.js'
import { encodeError, isError } from '../channel/error-record.js'
import { Outcome, Response, type ResponseMessage, type SettledResponse } from '../channel/records.js'
import { CallerWants, ring } from '../channel/wait.js'
import { Word } from '../channel/words.js'

/**
 * The worker's end of its own messages. Outcomes of one turn go back in one message, except those that carry objects:
 * two tasks that return the same object must not come out sharing it, one that cannot be cloned must not take others
 * with it, and neither must one whose getters end the thread.
 */
export class Outbox {
  readonly #words: Int32Array
  readonly #bell: Int32Array
  readonly #port: MessagePort
  #posted: number
  #outcomes: SettledResponse = [Response.Settled]
  /** An object is being written, which runs its getters. */
  isWriting = false

  constructor(words: Int32Array, bell: Int32Array, port: MessagePort) {
    this.#words = words
    this.#bell = bell
    this.#port = port
    this.#posted = Atomics.load(words, Word.WorkerPosted)
  }

  get isEmpty(): boolean {
    return this.#outcomes.length === 1
  }

  /** @param name - what messages call the task's function */
  fulfilled(id: number, name: string, value: unknown): void {
    if (isPlain(value)) this.#outcomes.push(id, Outcome.Fulfilled, value)
    else this.#postAlone(id, name, Outcome.Fulfilled, value)
  }

  /** @param name - what messages call the task's function */
  rejected(id: number, name: string, error: unknown): void {
    if (isError(error)) this.#postAlone(id, name, Outcome.Failed, encodeError(error))
    else if (isPlain(error)) this.#outcomes.push(id, Outcome.Threw, error)
    else this.#postAlone(id, name, Outcome.Threw, error)
  }

  /** Posts what has settled. Outcomes are in the caller's hands from here on, even if this thread dies. */
  flush(): void {
    if (this.isEmpty) return
    const outcomes = this.#outcomes
    this.#outcomes = [Response.Settled]
    this.post(outcomes)
  }

  #postAlone(id: number, name: string, outcome: Outcome, value: unknown): void {
    this.flush()
    this.isWriting = true
    try {
      this.post([Response.Settled, id, outcome, value])
    } catch (error) {
      this.post([Response.Settled, id, Outcome.Failed, encodeError(refusal(error, value, name))])
    } finally {
      this.isWriting = false
    }
  }

  /** Throws what structured clone throws. */
  progress(id: number, value: unknown): void {
    this.flush()
    this.post([Response.Progress, id, value])
  }

  post(message: ResponseMessage): void {
    this.#port.postMessage(message)
    this.#publish()
  }

  /** A caller that waits for queue space, blocked or on its event loop, waits for as long as no task starts. */
  announceSpace(): void {
    ring(this.#bell, 0, CallerWants.Space)
    if (Atomics.load(this.#words, Word.SpaceAwaited) !== 0) this.#postSpace()
  }

  #postSpace(): void {
    if (Atomics.exchange(this.#words, Word.SpaceAwaited, 0) !== 0) this.post([Response.Space])
  }

  #publish(): void {
    this.#posted = (this.#posted + 1) | 0
    Atomics.store(this.#words, Word.WorkerPosted, this.#posted)
    ring(this.#bell, 0, CallerWants.Messages)
  }
}

/** Values that structured clone copies whole, always. */
function isPlain(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return value === null
    case 'function':
    case 'symbol':
      return false
    default:
      return true
  }
}
