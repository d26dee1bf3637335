import { threadId } from 'node:worker_threads'
import { now } from '../channel/clock.js'
import { ahead, sinceEpoch } from '../channel/words.js'
import { ownOsThread } from './holders.js'
import { Bell, nextTicket, Place, Slot, slotCount, slotWords, ticketsShown, Word } from './layout.js'

/** How long a thread that has been told that it can go on may take before others go first, in ms. */
const patience = 1000

/**
 * The slots of a primitive, and the lines in which their threads stand. A line has no list of its own: whoever waits
 * has drawn a ticket, and each thread shows the lowest tickets of its waiters in its slot.
 *
 * All but `claim` and `free` is to be called under the latch. What a thread writes into its own slot goes without the
 * log: if it ends in the midst of it, its slot is cleared.
 */
export class Slots {
  readonly #words: Int32Array
  readonly #stride: number
  readonly #first = Word.Slots
  /** Bells to notify when the latch is free again. */
  readonly rung: number[] = []

  constructor(words: Int32Array, lines: number) {
    this.#words = words
    this.#stride = slotWords(lines)
  }

  /** The word with which a slot begins. */
  at(index: number): number {
    return this.#first + index * this.#stride
  }

  /** Where the slots end that have ever been claimed. */
  get end(): number {
    return this.at(Atomics.load(this.#words, Word.SlotsUsed))
  }

  /** A free slot for this thread, or -1. */
  claim(): number {
    for (let index = 0; index < slotCount; index++) if (this.#claimAt(index)) return index
    return -1
  }

  /** The slot in which a thread may clear up when all others are taken. */
  claimSpare(): number {
    return this.#claimAt(slotCount) ? slotCount : -1
  }

  /** In the opposite order, so that no thread is ever seen with the system id of another. */
  free(index: number): void {
    Atomics.store(this.#words, this.at(index) + Slot.OsThread, 0)
    Atomics.store(this.#words, this.at(index) + Slot.Thread, 0)
  }

  /** Takes a slot from a thread that has ended. */
  clear(index: number): void {
    const at = this.at(index)
    this.#words.fill(0, at + Slot.Bell, at + this.#stride)
    this.free(index)
  }

  drawTicket(line: number): number {
    const ticket = nextTicket(this.#get(Word.Tickets + line))
    this.#words[Word.Tickets + line] = ticket
    return ticket
  }

  /** @param visit - gets where a slot begins */
  forEach(visit: (at: number) => void): void {
    for (let at = this.#first, { end } = this; at < end; at += this.#stride) visit(at)
  }

  /**
   * How many tickets of other threads come before this one; without a ticket, all.
   *
   * @param own - where the slot of the thread begins, whose tickets do not count
   */
  ahead(line: number, own: number, ticket = nextTicket(this.#get(Word.Tickets + line))): number {
    let count = 0
    for (let at = this.#first, { end } = this; at < end; at += this.#stride)
      if (at !== own && this.#get(at + Slot.Bell) !== Bell.Late)
        count += this.#shownBefore(placeAt(at, line), ticket)
    return count
  }

  /** Rings the sleepers among the first `count` in a line, now that they can go on. */
  wakeFirst(line: number, count: number): void {
    if (count <= 0) return
    for (let at = this.#first, { end } = this; at < end; at += this.#stride) {
      if (this.#get(at + Slot.Bell) !== Bell.Asleep) continue
      const ticket = this.#get(placeAt(at, line) + Place.FirstTicket)
      if (ticket !== 0 && this.ahead(line, at, ticket) < count) this.#ring(at)
    }
  }

  /** Rings the sleepers whose slots say that they can go on. */
  wakeIf(canGoOn: (at: number) => boolean): void {
    this.forEach(at => {
      if (this.#get(at + Slot.Bell) === Bell.Asleep && canGoOn(at)) this.#ring(at)
    })
  }

  /** True if a thread that was rung has kept others waiting for too long. Needs no latch. */
  isOverdue(at: number): boolean {
    const isRung = Atomics.load(this.#words, at + Slot.Bell) === Bell.Rung
    return isRung && ahead(sinceBoot(), Atomics.load(this.#words, at + Slot.RungAt)) > patience
  }

  /** Others go before those who have kept them waiting, until they come. */
  passOverLate(): void {
    this.forEach(at => {
      if (this.isOverdue(at)) Atomics.store(this.#words, at + Slot.Bell, Bell.Late)
    })
  }

  /** A thread that does not show all its tickets may have any of the others before this one, too. */
  #shownBefore(place: number, ticket: number): number {
    for (let shown = 0; shown < ticketsShown; shown++) {
      const other = this.#get(place + Place.FirstTicket + shown)
      if (other === 0 || ahead(other, ticket) >= 0) return shown
    }
    return Math.max(ticketsShown, this.#get(place + Place.Waiting))
  }

  /** Others take the thread as alive until its system id is there, which comes last. */
  #claimAt(index: number): boolean {
    const at = this.at(index)
    if (Atomics.load(this.#words, at + Slot.Thread) !== 0) return false
    this.#raiseUsed(index + 1) // first: a thread that ends now leaves no slot that nobody looks at
    if (Atomics.compareExchange(this.#words, at + Slot.Thread, 0, threadId + 1) !== 0) return false
    const { id, start } = ownOsThread()
    Atomics.store(this.#words, at + Slot.OsStart, start)
    Atomics.store(this.#words, at + Slot.OsThread, id)
    return true
  }

  #ring(at: number): void {
    this.#words[at + Slot.RungAt] = sinceBoot()
    Atomics.store(this.#words, at + Slot.Bell, Bell.Rung)
    this.rung.push(at + Slot.Bell)
  }

  #raiseUsed(count: number): void {
    for (let used = 0; used < count; ) {
      const seen = Atomics.compareExchange(this.#words, Word.SlotsUsed, used, count)
      if (seen === used) return
      used = seen
    }
  }

  #get(index: number): number {
    return this.#words[index] as number
  }
}

/** Where a slot keeps its thread's place in a line. */
export function placeAt(slot: number, line: number): number {
  return slot + Slot.Lines + line * Place.Words
}

/** The same in all threads, whoever made the primitive. In ms; wraps. */
function sinceBoot(): number {
  return sinceEpoch(0, now())
}
