import { MessagePort, type Transferable } from 'node:worker_threads'
import { refusal } from '../channel/cloneable.js'
import { encodeError, isError } from '../channel/error-record.js'
import {
  type ItemsResponse,
  Outcome,
  Response,
  type ResponseMessage,
  type SettledResponse,
} from '../channel/records.js'
import { transferListOf } from '../channel/transfer.js'
import { CallerWants, ring } from '../channel/wait.js'
import { Word } from '../channel/words.js'

/** What messages go through: a MessagePort, or a BroadcastChannel. */
interface OutPort {
  postMessage(message: ResponseMessage, transferList?: readonly Transferable[]): unknown
}

/**
 * The worker's end of its own messages. Outcomes of one turn go back in one message, except those that carry objects:
 * two tasks that return the same object must not come out sharing it, one that cannot be cloned must not take others
 * with it, and neither must one whose getters end the thread.
 */
export class Outbox {
  readonly #words: Int32Array
  readonly #bell: Int32Array
  readonly #port: OutPort
  /** A BroadcastChannel copies everything. */
  readonly #canTransfer: boolean
  #isClosed = false
  #posted: number
  #outcomes: SettledResponse = [Response.Settled]
  /** Items of one stream that came in a row. */
  #items: ItemsResponse | undefined
  /** An object is being written, which runs its getters. */
  isWriting = false

  constructor(words: Int32Array, bell: Int32Array, port: OutPort) {
    this.#words = words
    this.#bell = bell
    this.#port = port
    this.#canTransfer = port instanceof MessagePort
    this.#posted = Atomics.load(words, Word.WorkerPosted)
  }

  get isEmpty(): boolean {
    return this.#outcomes.length === 1 && this.#items === undefined
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
    this.#flushItems() // first: a stream's end must not overtake its items
    if (this.#outcomes.length === 1) return
    const outcomes = this.#outcomes
    this.#outcomes = [Response.Settled]
    this.post(outcomes)
  }

  /**
   * Items of a stream that are plain go together in one message.
   *
   * @param name - what messages call the task's function
   * @throws {NotCloneableError} if structured clone refuses the item; what its getters throw
   */
  item(id: number, name: string, value: unknown): void {
    if (isPlain(value)) {
      if (this.#items?.[1] !== id) {
        this.#flushItems()
        this.#items = [Response.Items, id]
      }
      this.#items.push(value)
      return
    }
    this.flush()
    this.isWriting = true
    try {
      this.post([Response.Items, id, value], transferListOf(value))
    } catch (error) {
      throw refusal(error, value, name)
    } finally {
      this.isWriting = false
    }
  }

  #flushItems(): void {
    const items = this.#items
    if (items === undefined) return
    this.#items = undefined
    this.post(items)
  }

  /** A task calls a function of its caller's. @throws what structured clone throws */
  called(id: number, call: number, callback: number, args: readonly unknown[]): void {
    this.flush()
    this.post([Response.Called, id, call, callback, args])
  }

  #postAlone(id: number, name: string, outcome: Outcome, value: unknown): void {
    this.flush()
    this.isWriting = true
    try {
      this.post([Response.Settled, id, outcome, value], transferListOf(value))
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

  post(message: ResponseMessage, transferList?: readonly Transferable[]): void {
    if (this.#isClosed) return
    if (transferList === undefined || !this.#canTransfer) this.#port.postMessage(message)
    else this.#port.postMessage(message, transferList)
    this.#publish()
  }

  /** A caller that waits for queue space, blocked or on its event loop, waits for as long as no task starts. */
  announceSpace(): void {
    ring(this.#bell, 0, CallerWants.Space)
    if (Atomics.load(this.#words, Word.SpaceAwaited) !== 0) this.#postSpace()
  }

  /** For what is told by shared words alone. */
  ring(): void {
    ring(this.#bell, 0, CallerWants.Messages)
  }

  /** The caller is gone: what would have been its is nobody's. */
  close(): void {
    this.#isClosed = true
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
