import { inspect } from 'node:util'
import type { MessagePort } from 'node:worker_threads'
import { isRefusal, notCloneable } from '../channel/cloneable.js'
import { encodeError, isError } from '../channel/error-record.js'
import { Outcome, Response, type ResponseMessage } from '../channel/records.js'
import { CallerWants, ring } from '../channel/wait.js'
import { Word } from '../channel/words.js'

/**
 * The worker's end of its own messages. Outcomes of one turn go back in one message, with one restriction: a
 * message carries at most one object, because two tasks that return the same object must not come out sharing
 * it, and one that cannot be cloned must not take others with it.
 */
export class Outbox {
  readonly #words: Int32Array
  readonly #bell: Int32Array
  readonly #port: MessagePort
  #posted: number
  #outcomes: unknown[] = [Response.Settled]
  #object: { id: number; name: string; index: number } | undefined
  /** A result is being written, which runs its getters. */
  isFlushing = false

  constructor(words: Int32Array, bell: Int32Array, port: MessagePort) {
    this.#words = words
    this.#bell = bell
    this.#port = port
    this.#posted = Atomics.load(words, Word.WorkerPosted)
  }

  get isEmpty(): boolean {
    return this.#outcomes.length === 1
  }

  fulfilled(id: number, name: string, value: unknown): void {
    const primitive = isPlain(value)
    if (!primitive && this.#object !== undefined) this.flush()
    this.#outcomes.push(id, Outcome.Fulfilled, value)
    if (!primitive) this.#object = { id, name, index: this.#outcomes.length - 1 }
  }

  rejected(id: number, name: string, error: unknown): void {
    if (this.#object !== undefined) this.flush()
    if (isError(error)) this.#outcomes.push(id, Outcome.Failed, encodeError(error))
    else this.#outcomes.push(id, Outcome.Threw, error)
    this.#object = { id, name, index: this.#outcomes.length - 1 }
  }

  /** Posts what has settled. Outcomes are in the caller's hands from here on, even if this thread dies. */
  flush(): void {
    if (this.isEmpty || this.isFlushing) return
    const outcomes = this.#outcomes
    const object = this.#object
    this.#outcomes = [Response.Settled]
    this.#object = undefined
    this.isFlushing = true
    try {
      this.#postOutcomes(outcomes, object)
    } finally {
      this.isFlushing = false
    }
    this.#publish()
  }

  #postOutcomes(outcomes: unknown[], object: { name: string; index: number } | undefined): void {
    try {
      this.#port.postMessage(outcomes)
    } catch (error) {
      if (object === undefined) throw error
      const failure = encodeError(refusal(error, outcomes[object.index], object.name))
      outcomes.splice(object.index - 1, 2, Outcome.Failed, failure)
      this.#port.postMessage(outcomes)
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

  /** A caller blocked for queue space sleeps for as long as no task starts. */
  announceSpace(): void {
    ring(this.#bell, 0, CallerWants.Space)
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

/** Why a result could not be posted: not cloneable, or one of its getters threw. */
function refusal(error: unknown, value: unknown, name: string): Error {
  if (isRefusal(error)) return notCloneable('result', value, error, `the result of ${name}`)
  return isError(error) ? error : new Error(`a getter of the result of ${name} threw ${inspect(error)}`)
}
