import { ahead, type Word } from './words.js'

/** Below this many entries nobody looks which of them can be forgotten. */
const fewest = 64

/**
 * What messages were about that have been posted and perhaps not been read. A message that carries objects may turn
 * out to be unreadable: values that are nested deep take more stack to read than to write, and threads have stacks of
 * different sizes. It is gone from the port then, and all that the reader knows of it is its number.
 */
export class Journal<T> {
  readonly #words: Int32Array
  /** Where the other side counts what it has read; with a delay, which costs nothing but memory. */
  readonly #readCount: Word
  readonly #entries = new Map<number, T>()
  readonly #mayBeAsked: () => boolean
  #limit = fewest

  /**
   * @param mayBeAsked - whether something has come that has not been looked at: it may be a question about a message
   * that counts as read
   */
  constructor(words: Int32Array, readCount: Word, mayBeAsked: () => boolean) {
    this.#words = words
    this.#readCount = readCount
    this.#mayBeAsked = mayBeAsked
  }

  /** @param number - of the message: how many had been posted with it */
  record(number: number, entry: T): void {
    if (this.#entries.size >= this.#limit) this.#forgetRead()
    this.#entries.set(number, entry)
  }

  take(number: number): T | undefined {
    const entry = this.#entries.get(number)
    this.#entries.delete(number)
    return entry
  }

  #forgetRead(): void {
    // In this order: who has failed to read a message says so first, and counts it as read after that.
    const read = Atomics.load(this.#words, this.#readCount)
    if (this.#mayBeAsked()) return
    for (const number of this.#entries.keys()) {
      if (ahead(read, number) < 0) break
      this.#entries.delete(number)
    }
    this.#limit = Math.max(fewest, 2 * this.#entries.size)
  }
}
