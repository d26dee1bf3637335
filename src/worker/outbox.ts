import { MessagePort, type Transferable } from 'node:worker_threads'
import { refusal } from '../channel/cloneable.js'
import { type ErrorRecord, encodeError, isError, withoutObjects } from '../channel/error-record.js'
import { Journal } from '../channel/journal.js'
import {
  type InsteadResponse,
  type ItemsResponse,
  Outcome,
  Response,
  type ResponseMessage,
  type SettledResponse,
} from '../channel/records.js'
import type { Use } from '../channel/remote-records.js'
import { transferListOf } from '../channel/transfer.js'
import { CallerWants, ring } from '../channel/wait.js'
import { Word } from '../channel/words.js'

/** What messages go through: a MessagePort, or a BroadcastChannel. */
interface OutPort {
  postMessage(message: ResponseMessage, transferList?: readonly Transferable[]): unknown
}

/** What a message was about that the caller may fail to read. */
export type Posted =
  | { kind: 'outcome' | 'item' | 'progress'; id: number; label: string }
  | { kind: 'error'; id: number; record: ErrorRecord }
  | { kind: 'call'; id: number; call: number; label: string }

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
  readonly #journal: Journal<Posted>
  /** Users' code may be running that has a part in what is being written. */
  isWriting = false

  constructor(words: Int32Array, bell: Int32Array, port: OutPort) {
    this.#words = words
    this.#bell = bell
    this.#port = port
    this.#canTransfer = port instanceof MessagePort
    this.#posted = Atomics.load(words, Word.WorkerPosted)
    this.#journal = new Journal(words, Word.CallerRead, () => false)
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
    if (isError(error)) this.#write(() => this.#postError(id, encodeError(error)))
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
    this.#write(() => {
      try {
        this.post([Response.Items, id, value], transferListOf(value))
      } catch (error) {
        throw this.#refusal(error, value, name)
      }
    })
    this.#journal.record(this.#posted, { kind: 'item', id, label: name })
  }

  /** No more items of the stream will be made. */
  finishing(id: number): void {
    this.flush()
    this.post([Response.Items, id])
  }

  #flushItems(): void {
    const items = this.#items
    if (items === undefined) return
    this.#items = undefined
    this.post(items)
  }

  /** A task calls a function of its caller's. @throws what structured clone throws */
  called(
    { id, call, label }: { id: number; call: number; label: string },
    callback: number,
    args: readonly unknown[],
  ): void {
    this.flush()
    this.post([Response.Called, id, call, callback, args])
    this.#journal.record(this.#posted, { kind: 'call', id, call, label })
  }

  /** Something uses an object of the caller's. @throws what structured clone throws */
  used(
    { call, label }: { call: number; label: string },
    use: Use,
    {
      values,
      transferList,
    }: { values: readonly unknown[]; transferList: readonly Transferable[] | undefined },
  ): void {
    this.post([Response.Used, call, use, values], transferList)
    this.#journal.record(this.#posted, { kind: 'call', id: 0, call, label })
  }

  #postAlone(id: number, name: string, outcome: Outcome, value: unknown): void {
    this.#write(() => {
      try {
        this.post([Response.Settled, id, outcome, value], transferListOf(value))
        this.#journal.record(this.#posted, { kind: 'outcome', id, label: name })
      } catch (error) {
        this.#postError(id, encodeError(this.#refusal(error, value, name)))
      }
    })
  }

  #postError(id: number, record: ErrorRecord): void {
    try {
      this.post([Response.Settled, id, Outcome.Failed, record])
      this.#journal.record(this.#posted, { kind: 'error', id, record: withoutObjects(record) })
    } catch {
      // What it has, each of which could be cloned, is too deep inside the record.
      this.post([Response.Settled, id, Outcome.Failed, withoutObjects(record)])
    }
  }

  #refusal(error: unknown, value: unknown, name: string): Error {
    return this.#canTransfer ? refusal(error, value, name) : refusal(error, value, name, [])
  }

  /**
   * For what users' code has a part in: getters, `toString` and the like of a value or an error. If that ends the thread,
   * what has settled before is in the caller's hands, and what is being written never comes.
   */
  #write(write: () => void): void {
    this.flush()
    this.isWriting = true
    try {
      write()
    } finally {
      this.isWriting = false
    }
  }

  /** @param name - what messages call the task's function. @throws what structured clone throws */
  progress(id: number, name: string, value: unknown): void {
    this.flush()
    this.post([Response.Progress, id, value])
    this.#journal.record(this.#posted, { kind: 'progress', id, label: name })
  }

  /** What the message of this number was about; undefined if it could be read by anybody. */
  findPosted(number: number): Posted | undefined {
    return this.#journal.take(number)
  }

  /** Takes the place of a message that the caller could not read. */
  replace(instead: InsteadResponse[1]): void {
    this.post([Response.Instead, instead])
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
