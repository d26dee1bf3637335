import { deadlineOf } from '../bridge/deadline.js'
import { ItemTooLargeError, QueueEmptyError, QueueFullError } from '../channel/errors.js'
import { checkOptions } from '../channel/options.js'
import { checkInteger, checkMilliseconds, invalidType, outOfRange } from '../channel/validate.js'
import { fromBytes, toBytes } from './clone.js'
import { blockBytes, blocksFor, Items, itemWords } from './items.js'
import { Place, Slot, Word, wordsBeforeItems } from './layout.js'
import { activeMonitor, Monitor, type Rules } from './monitor.js'
import {
  carryInArguments,
  checkAsyncWaitOptions,
  checkShared,
  checkSignal,
  createShared,
  hasKind,
  type Shared,
  type SharedBy,
} from './shared.js'
import { placeAt } from './slots.js'
import { type AsyncWaitOptions, attemptOnce, block, notYet, type Request, waitAsync } from './waiting.js'

/** After the words of `Items`. */
enum State {
  MaxSize = Word.State + 8,
}

enum Line {
  Getters,
  Putters,
}

const lines = 2
const mostItems = 2 ** 31 - 1
const mostBytes = 2 ** 30

export interface QueueOptions {
  /** How many items it holds at most; who puts more waits. @defaultValue as many as there is memory for */
  maxSize?: number
  /**
   * Memory for items, in bytes; who puts more waits. An item takes a multiple of 128 bytes: what it is when serialized,
   * and some 25 more. @defaultValue 2^20
   */
  bytes?: number
}

export interface PutOptions {
  /** Higher comes out first; equal keeps the order. Any number. @defaultValue 0 */
  priority?: number
}

export interface BlockingPutOptions extends PutOptions {
  /** ms to wait for space at most; 0 only looks. @defaultValue no limit */
  timeout?: number
}

export type AsyncPutOptions = PutOptions & AsyncWaitOptions

/**
 * Items that any thread puts and any thread gets, each once: in the order in which they were put, or by priority. Who
 * finds the queue empty, or full, waits; those who wait are served in the order in which they came.
 *
 * An item is copied as `structuredClone` does it, but is in shared memory: nothing can be transferred, and what is no
 * plain data is refused with NotCloneableError. That are SharedArrayBuffers and what holds one, such as the primitives of
 * this module, and the objects of Node and the engine that `structuredClone` carries as what they are: Blob, File,
 * KeyObject, CryptoKey, X509Certificate, BlockList, Histogram, WebAssembly.Module, from Node 22 on DOMException.
 *
 * @example
 * const queue = new Queue({ maxSize: 100 })
 * queue.put({ url: 'https://example.org' }) // blocks while there are 100
 * const { url } = await queue.getAsync()
 */
export class Queue<T = unknown> {
  /** All that there is of it; see {@link Shared}. */
  readonly shared: Shared<'Queue'>
  readonly #own: Monitor
  readonly #items: Items

  /**
   * @param options - or a number, which is `maxSize`. Or the `shared` of another Queue, to be the same one
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  constructor(options: QueueOptions | number | Shared<'Queue'> = {}) {
    this.shared = hasKind(options) ? checkShared('Queue', lines, options) : createQueue(options)
    const { words } = this.shared
    this.#items = new Items(words, wordsBeforeItems(lines))
    this.#own = new Monitor(words, rulesOf(this.#items))
    carryInArguments(this)
  }

  /**
   * The queue of which something has come to this thread: a copy, as messages make it, or its `shared`.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE if that is something else
   */
  static from<T = unknown>(shared: SharedBy<Shared<'Queue'>>): Queue<T> {
    return new Queue(checkShared('Queue', lines, shared))
  }

  /** How many items are in it. */
  get size(): number {
    return Items.countIn(this.shared.words)
  }

  /** How many may be; Infinity if only memory limits it. */
  get maxSize(): number {
    const most = Atomics.load(this.shared.words, State.MaxSize)
    return most === mostItems ? Number.POSITIVE_INFINITY : most
  }

  /**
   * Blocks until there is space, and puts a copy of the item.
   *
   * @throws {QueueFullError} if there was no space in time; then nothing was put
   * @throws {ItemTooLargeError} if it would not fit even if the queue were empty
   * @throws {NotCloneableError} if the item cannot be copied; says why
   */
  put(item: T, options: BlockingPutOptions = {}): void {
    const checked = checkOptions(options, { priority: checkPriority, timeout: checkMilliseconds })
    block(this.#putting(item, checked), deadlineOf('options.timeout', checked.timeout))
  }

  /**
   * Waits in the event loop until there is space, and puts a copy of the item, which is made at once.
   *
   * @throws {QueueFullError} if there was no space in time; then nothing was put
   * @throws {CancelledError} if the signal was aborted; then nothing was put
   * @throws {ItemTooLargeError} if it would not fit even if the queue were empty
   * @throws {NotCloneableError} if the item cannot be copied; says why
   */
  async putAsync(item: T, options: AsyncPutOptions = {}): Promise<void> {
    const checks = { priority: checkPriority, timeout: checkMilliseconds, signal: checkSignal }
    const { priority, ...waiting } = checkOptions(options, checks)
    await waitAsync(this.#putting(item, priority === undefined ? {} : { priority }), waiting)
  }

  /**
   * Does not block: false if there is no space, or only for those who wait already.
   *
   * @throws {ItemTooLargeError} if it would not fit even if the queue were empty
   * @throws {NotCloneableError} if the item cannot be copied; says why
   */
  tryPut(item: T, options: PutOptions = {}): boolean {
    return attemptOnce(this.#putting(item, checkOptions(options, { priority: checkPriority }))) !== notYet
  }

  /**
   * Blocks until there is an item, and takes it.
   *
   * @param timeout - ms to wait at most; 0 only looks. @defaultValue no limit
   * @throws {QueueEmptyError} if there was none in time
   * @throws {NotCloneableError} if this thread has not the stack to read it; then it is gone
   */
  get(timeout?: number): T {
    return fromBytes(block(this.#getting(), deadlineOf('timeout', timeout))) as T
  }

  /**
   * Waits in the event loop until there is an item, and takes it.
   *
   * @throws {QueueEmptyError} if there was none in time
   * @throws {CancelledError} if the signal was aborted; then none was taken
   * @throws {NotCloneableError} if this thread has not the stack to read it; then it is gone
   */
  async getAsync(options: AsyncWaitOptions = {}): Promise<T> {
    return fromBytes(await waitAsync(this.#getting(), checkAsyncWaitOptions(options))) as T
  }

  /**
   * Does not block: undefined if there is no item, or only for those who wait already. Where items may be undefined
   * themselves, `get(0)` tells the difference.
   */
  tryGet(): T | undefined {
    const outcome = attemptOnce(this.#getting())
    return outcome === notYet ? undefined : (fromBytes(outcome) as T)
  }

  get #monitor(): Monitor {
    return activeMonitor(this.#own)
  }

  #putting(item: T, { priority = 0 }: PutOptions): Request<true> {
    const monitor = this.#monitor
    const items = this.#items
    const bytes = this.#serialize(item)
    const demand = blocksFor(bytes.length)
    return {
      monitor,
      line: Line.Putters,
      demand,
      attempt: ahead => {
        if (ahead > 0 || !hasSpace(monitor, items, demand)) return notYet
        items.push(monitor, bytes, priority)
        return true
      },
      timedOut: waited =>
        new QueueFullError(
          `the queue had no space for ${demand * blockBytes} bytes within ${Math.round(waited)} ms: ` +
            `it holds ${this.size} items (maxSize ${this.maxSize})`,
        ),
    }
  }

  #getting(): Request<Uint8Array> {
    const monitor = this.#monitor
    const items = this.#items
    return {
      monitor,
      line: Line.Getters,
      attempt: ahead => (items.count(monitor) > ahead ? items.shift(monitor) : notYet),
      timedOut: waited => new QueueEmptyError(`the queue had no item within ${Math.round(waited)} ms`),
    }
  }

  #serialize(item: T): Uint8Array {
    const bytes = toBytes(item)
    const needed = blocksFor(bytes.length)
    if (needed <= this.#items.capacity) return bytes
    throw new ItemTooLargeError(
      `an item takes ${needed * blockBytes} bytes, of ${this.#items.capacity * blockBytes} that the queue has`,
    )
  }
}

function rulesOf(items: Items): Rules {
  return {
    lines,
    settle(monitor) {
      const { slots } = monitor
      slots.wakeFirst(Line.Getters, items.count(monitor))
      slots.wakeIf(at => {
        const ticket = monitor.get(placeAt(at, Line.Putters) + Place.FirstTicket)
        if (ticket === 0 || !hasSpace(monitor, items, monitor.get(at + Slot.Mark))) return false
        return slots.ahead(Line.Putters, at, ticket) === 0
      })
    },
    bury() {},
  }
}

function hasSpace(monitor: Monitor, items: Items, blocks: number): boolean {
  return items.count(monitor) < monitor.get(State.MaxSize) && items.freeBlocks(monitor) >= blocks
}

function createQueue(given: unknown): Shared<'Queue'> {
  const options = typeof given === 'number' ? { maxSize: given } : (given as QueueOptions)
  const checks = { maxSize: checkMaxSize, bytes: checkBytes }
  const { maxSize = Number.POSITIVE_INFINITY, bytes = 2 ** 20 } = checkOptions(options, checks)
  const shared = createShared('Queue', lines, itemWords(Math.ceil(bytes / blockBytes)))
  shared.words[State.MaxSize] = Math.min(maxSize, mostItems)
  return shared
}

function checkMaxSize(what: string, value: unknown): void {
  if (value !== Number.POSITIVE_INFINITY) checkInteger(what, value, 1, mostItems)
}

function checkBytes(what: string, value: unknown): void {
  checkInteger(what, value, 1, mostBytes)
}

function checkPriority(what: string, value: unknown): void {
  if (typeof value !== 'number') throw invalidType(what, 'a number', value)
  if (Number.isNaN(value)) throw outOfRange(what, 'a number', value)
}
