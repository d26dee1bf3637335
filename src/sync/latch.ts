import { availableParallelism } from 'node:os'
import { type Holder, isDead } from './holders.js'
import { logEntries, Slot, Word } from './layout.js'

/** How long a thread sleeps before it looks whether the one it waits for still lives, in ms. */
const slice = 20

/** A change takes about as long as this many looks; with one core nothing changes while this thread looks. */
const looks = availableParallelism() > 1 ? 200 : 0

/**
 * Lets one thread at a time change a primitive, and makes each change whole or undone.
 *
 * The latch word is a futex as in "Futexes Are Tricky" (Drepper, 2011), mutex 3, which also names its holder. It is
 * held for about a microsecond, in which no code of users runs. Who waits has set the lowest bit first, so that
 * `unlock` sees it and notifies; and Atomics.wait does not sleep if the word has changed since.
 *
 * A thread that is terminated, or runs out of memory, may leave the latch held and a change half done. Whoever waits
 * looks after the holder, takes the latch over, and undoes what the log says. A thread ends at a call, an allocation
 * or the end of a loop's pass, where all writes that stand before it in the program are done; and its end, as the
 * system or another thread tells it, comes after all of its writes. So the plain writes of `set` are seen whole and
 * in order: the entry, the length that makes it count, the change itself. To undo is to write what was there before,
 * which may be done again if the second thread ends meanwhile as well.
 */
export class Latch {
  readonly #words: Int32Array
  readonly #slotAt: (index: number) => number

  constructor(words: Int32Array, slotAt: (index: number) => number) {
    this.#words = words
    this.#slotAt = slotAt
  }

  /** @param slot - the caller's own, by which others see whose the latch is */
  lock(slot: number): void {
    const mine = (slot + 1) << 1
    for (let look = 0; look <= looks; look++) {
      if (Atomics.load(this.#words, Word.Latch) !== 0) continue
      if (Atomics.compareExchange(this.#words, Word.Latch, 0, mine) === 0) return
    }
    while (!this.#lockContended(mine | 1));
  }

  /** What has been changed since `lock` is changed for good. */
  commit(): void {
    this.#words[Word.LogLength] = 0
  }

  unlock(): void {
    this.commit()
    if ((Atomics.exchange(this.#words, Word.Latch, 0) & 1) !== 0) Atomics.notify(this.#words, Word.Latch, 1)
  }

  /** A write that is undone with all others of this change if the change is not completed. */
  set(index: number, value: number): void {
    const words = this.#words
    const length = words[Word.LogLength] as number
    if (length === logEntries) throw new RangeError('a change of a shared primitive exceeds its log')
    const entry = Word.Log + 2 * length
    words[entry] = index
    words[entry + 1] = words[index] as number
    words[Word.LogLength] = length + 1
    words[index] = value
  }

  /** As if nothing had been changed since `lock`, or `commit`. */
  undo(): void {
    const words = this.#words
    for (let length = words[Word.LogLength] as number; length > 0; length--) {
      const entry = Word.Log + 2 * (length - 1)
      words[words[entry] as number] = words[entry + 1] as number
    }
    words[Word.LogLength] = 0
  }

  /** True when it is held. The lowest bit stays set from now on: others may wait as well. */
  #lockContended(mine: number): boolean {
    const seen = Atomics.compareExchange(this.#words, Word.Latch, 0, mine)
    if (seen === 0) return true
    // Only a stack that overflowed in the midst of a change leaves it to the thread itself.
    if (seen >> 1 === mine >> 1) return this.#takeOver(seen, mine)
    const contended = seen | 1
    if (Atomics.compareExchange(this.#words, Word.Latch, seen, contended) !== seen) return false
    if (Atomics.wait(this.#words, Word.Latch, contended, slice) !== 'timed-out') return false
    return isDead(this.holderOf((contended >> 1) - 1)) && this.#takeOver(contended, mine)
  }

  #takeOver(from: number, mine: number): boolean {
    if (Atomics.compareExchange(this.#words, Word.Latch, from, mine) !== from) return false
    this.undo()
    return true
  }

  /**
   * The thread of a slot. Slots change hands while this looks: then it is nobody, of whom nothing is known. The
   * system id is read around the others, being the last to come and the first to go.
   */
  holderOf(slot: number): Holder {
    const at = this.#slotAt(slot)
    const id = Atomics.load(this.#words, at + Slot.OsThread)
    const threadId = Atomics.load(this.#words, at + Slot.Thread) - 1
    const start = Atomics.load(this.#words, at + Slot.OsStart)
    return Atomics.load(this.#words, at + Slot.OsThread) === id ? { threadId, id, start } : nobody
  }
}

const nobody: Holder = { threadId: -1, id: 0, start: 0 }
