/*
 * The shared memory of a primitive, one Int32Array: a head that all kinds have alike, a slot for each thread that
 * holds or waits, and in a queue the items.
 */

/** How many words one change may write. To break a barrier takes the most, one for each slot and a few. */
export const logEntries = 160

export enum Word {
  /** Which slot's thread is changing the primitive: its index + 1, doubled, + 1 if others wait. 0: none. */
  Latch = 0,
  /** How many entries of the log are to be undone if that thread ends before it is done. */
  LogLength = 1,
  /** No slot from this one on has ever been claimed. */
  SlotsUsed = 2,
  /** The last ticket drawn in each of up to two lines. */
  Tickets = 3,
  /** Two words that tell this primitive from all others of the process. */
  Id = 6,
  /** What the kind of primitive makes of it. */
  State = 8,
  /** Pairs of an index and what was there before. */
  Log = 24,
  Slots = 24 + 2 * logEntries,
}

/** Threads that may hold a primitive or wait for it at once. There is one slot more, to clear up with. */
export const slotCount = 128

export enum Slot {
  /** The id of the thread + 1; 0: the slot is free. */
  Thread = 0,
  /** The system's id of that thread and when it started, if known (holders.ts); 0: not known. */
  OsThread = 1,
  OsStart = 2,
  /** A {@link Bell}. */
  Bell = 3,
  /** When it was last rung, in ms on a clock that all threads share. */
  RungAt = 4,
  /** What the thread holds: 1 for a lock, the number of permits for a semaphore. */
  Held = 5,
  /** Two words for the kind of primitive. */
  Mark = 6,
  /** Its places in the lines, {@link Place} for each. */
  Lines = 8,
}

/** A thread's place in a line: how many of its calls wait, and the tickets of the first of them. */
export enum Place {
  Waiting = 0,
  FirstTicket = 1,
  Words = 8,
}

export const ticketsShown = Place.Words - Place.FirstTicket

/**
 * What the thread of a slot is doing. Asleep → Rung: by the change that lets it go on. Rung → Late: by another
 * waiter, after a while. All others by itself, when it looks.
 */
export enum Bell {
  /** It does not wait. */
  Silent,
  /** It waits, and cannot go on. The only value on which threads sleep. */
  Asleep,
  /** It has been told that it can go on, and not come yet. */
  Rung,
  /** It does not come: it is busy, or blocked by something else. Others go first until it does. */
  Late,
}

/** Each thread's slot takes whole cache lines of 16 words. */
export function slotWords(lines: number): number {
  return Math.ceil((Slot.Lines + lines * Place.Words) / 16) * 16
}

/** Where what follows the slots begins. */
export function wordsBeforeItems(lines: number): number {
  return Word.Slots + (slotCount + 1) * slotWords(lines)
}

export function createWords(lines: number, itemWords = 0): Int32Array {
  const length = wordsBeforeItems(lines) + itemWords
  const words = new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT))
  for (const index of [Word.Id, Word.Id + 1]) words[index] = Math.random() * 2 ** 32
  return words
}

/** A number for the two words; 53 bits are enough. */
export function idOf(words: Int32Array): number {
  const [high = 0, low = 0] = words.subarray(Word.Id, Word.Id + 2)
  return (high >>> 11) * 2 ** 32 + (low >>> 0)
}

/** Tickets only grow, and wrap; 0 is no ticket. */
export function nextTicket(last: number): number {
  return (last + 1) | 0 || 1
}
