import { ahead } from '../channel/words.js'
import { Word } from './layout.js'
import type { Monitor } from './monitor.js'

/*
 * The items of a queue in shared memory: bytes in chains of blocks, and a binary heap of the chains' first blocks, best
 * item first. All of it is to be called under the latch. What is written into blocks that nobody uses is not in the
 * log: until the change is complete, nothing refers to it.
 */

enum State {
  Count = Word.State,
  /** The last number given to an item: of equal priority, the lower one comes first. */
  Sequence,
  /** The first of the blocks that have been given back, which are chained; how many they are. */
  FreeHead,
  FreeCount,
  /** No block from this one on has ever been used: so that memory is touched only when it is needed. */
  Unused,
}

enum Block {
  Next = 0,
  Bytes = 1,
  Words = 32,
}

/** The first block of an item says more, and has room for fewer bytes. */
enum FirstBlock {
  Length = 1,
  /** A float64, in two words. */
  Priority = 2,
  Sequence = 4,
  Last = 5,
  Bytes = 6,
}

const wordBytes = Int32Array.BYTES_PER_ELEMENT
export const blockBytes = Block.Words * wordBytes
const bytesInFirst = (Block.Words - FirstBlock.Bytes) * wordBytes
const bytesInOther = (Block.Words - Block.Bytes) * wordBytes

export function blocksFor(length: number): number {
  return 1 + Math.max(0, Math.ceil((length - bytesInFirst) / bytesInOther))
}

/** How many words so many blocks take, with the heap. */
export function itemWords(blocks: number): number {
  return blocks * (1 + Block.Words)
}

export class Items {
  readonly #heap: number
  readonly #blocks: number
  readonly #bytes: Uint8Array
  readonly capacity: number

  /** @param start - where in the words they begin */
  constructor(words: Int32Array, start: number) {
    this.capacity = Math.floor((words.length - start) / (1 + Block.Words))
    this.#heap = start
    this.#blocks = start + this.capacity
    this.#bytes = new Uint8Array(words.buffer, words.byteOffset)
  }

  /** Needs no latch. */
  static countIn(words: Int32Array): number {
    return Atomics.load(words, State.Count)
  }

  count(monitor: Monitor): number {
    return monitor.get(State.Count)
  }

  freeBlocks(monitor: Monitor): number {
    return monitor.get(State.FreeCount) + this.capacity - monitor.get(State.Unused)
  }

  /** There must be as many free blocks as it needs. */
  push(monitor: Monitor, bytes: Uint8Array, priority: number): void {
    const first = this.#allocate(monitor, blocksFor(bytes.length))
    this.#write(monitor, first, bytes)
    const { words } = monitor
    const sequence = (monitor.get(State.Sequence) + 1) | 0
    words[this.#at(first) + FirstBlock.Length] = bytes.length
    words[this.#at(first) + FirstBlock.Sequence] = sequence
    float[0] = priority
    words.set(floatWords, this.#at(first) + FirstBlock.Priority)
    monitor.set(State.Sequence, sequence)
    const count = monitor.get(State.Count)
    monitor.set(State.Count, count + 1)
    this.#rise(monitor, count, first)
  }

  /** Takes the best item; there must be one. */
  shift(monitor: Monitor): Uint8Array {
    const first = monitor.get(this.#heap)
    const bytes = this.#read(monitor, first)
    const count = monitor.get(State.Count) - 1
    monitor.set(State.Count, count)
    if (count > 0) this.#sink(monitor, count, monitor.get(this.#heap + count))
    this.#giveBack(monitor, first, blocksFor(bytes.length))
    return bytes
  }

  /** Puts a block into the heap at `index` or above. */
  #rise(monitor: Monitor, index: number, block: number): void {
    let place = index
    while (place > 0) {
      const parent = (place - 1) >> 1
      const above = monitor.get(this.#heap + parent)
      if (!this.#isBefore(monitor, block, above)) break
      monitor.set(this.#heap + place, above)
      place = parent
    }
    monitor.set(this.#heap + place, block)
  }

  /** Puts a block into the heap of `count` at its top or below. */
  #sink(monitor: Monitor, count: number, block: number): void {
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= count) break
      let below = monitor.get(this.#heap + child)
      if (child + 1 < count) {
        const right = monitor.get(this.#heap + child + 1)
        if (this.#isBefore(monitor, right, below)) {
          child++
          below = right
        }
      }
      if (!this.#isBefore(monitor, below, block)) break
      monitor.set(this.#heap + place, below)
      place = child
    }
    monitor.set(this.#heap + place, block)
  }

  #isBefore(monitor: Monitor, block: number, other: number): boolean {
    const priority = this.#priorityOf(monitor, block)
    const otherPriority = this.#priorityOf(monitor, other)
    if (priority !== otherPriority) return priority > otherPriority
    const sequence = monitor.get(this.#at(block) + FirstBlock.Sequence)
    return ahead(sequence, monitor.get(this.#at(other) + FirstBlock.Sequence)) < 0
  }

  #priorityOf(monitor: Monitor, block: number): number {
    const at = this.#at(block) + FirstBlock.Priority
    floatWords[0] = monitor.get(at)
    floatWords[1] = monitor.get(at + 1)
    return float[0] as number
  }

  /** @returns the first of a chain of free blocks, which knows the last */
  #allocate(monitor: Monitor, count: number): number {
    const fromFree = Math.min(count, monitor.get(State.FreeCount))
    const unused = monitor.get(State.Unused)
    const fresh = count - fromFree
    for (let block = unused; block < unused + fresh - 1; block++)
      monitor.words[this.#at(block) + Block.Next] = block + 1
    monitor.set(State.Unused, unused + fresh)
    let first = unused
    let last = unused + fresh - 1
    if (fromFree > 0) {
      first = monitor.get(State.FreeHead)
      const lastFree = this.#follow(monitor, first, fromFree - 1)
      monitor.set(State.FreeHead, this.#next(monitor, lastFree))
      monitor.set(State.FreeCount, monitor.get(State.FreeCount) - fromFree)
      if (fresh > 0) monitor.set(this.#at(lastFree) + Block.Next, unused)
      else last = lastFree
    }
    monitor.words[this.#at(first) + FirstBlock.Last] = last
    return first
  }

  #giveBack(monitor: Monitor, first: number, count: number): void {
    const last = monitor.get(this.#at(first) + FirstBlock.Last)
    monitor.set(this.#at(last) + Block.Next, monitor.get(State.FreeHead))
    monitor.set(State.FreeHead, first)
    monitor.set(State.FreeCount, monitor.get(State.FreeCount) + count)
  }

  #write(monitor: Monitor, first: number, bytes: Uint8Array): void {
    let offset = 0
    for (const [from, to] of this.#pieces(monitor, first, bytes.length)) {
      this.#bytes.set(bytes.subarray(offset, offset + to - from), from)
      offset += to - from
    }
  }

  #read(monitor: Monitor, first: number): Uint8Array {
    const bytes = new Uint8Array(monitor.get(this.#at(first) + FirstBlock.Length))
    let offset = 0
    for (const [from, to] of this.#pieces(monitor, first, bytes.length)) {
      bytes.set(this.#bytes.subarray(from, to), offset)
      offset += to - from
    }
    return bytes
  }

  /** Where in memory the bytes of a chain are. */
  *#pieces(monitor: Monitor, first: number, length: number): Generator<[from: number, to: number]> {
    let from = (this.#at(first) + FirstBlock.Bytes) * wordBytes
    let left = length
    yield [from, from + Math.min(left, bytesInFirst)]
    for (let block = first; ; ) {
      left -= block === first ? bytesInFirst : bytesInOther
      if (left <= 0) return
      block = this.#next(monitor, block)
      from = (this.#at(block) + Block.Bytes) * wordBytes
      yield [from, from + Math.min(left, bytesInOther)]
    }
  }

  #follow(monitor: Monitor, block: number, steps: number): number {
    let end = block
    for (let step = 0; step < steps; step++) end = this.#next(monitor, end)
    return end
  }

  #next(monitor: Monitor, block: number): number {
    return monitor.get(this.#at(block) + Block.Next)
  }

  #at(block: number): number {
    return this.#blocks + block * Block.Words
  }
}

const float = new Float64Array(1)
const floatWords = new Int32Array(float.buffer)
