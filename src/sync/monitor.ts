import { ExecutorError } from '../channel/errors.js'
import { isDead, watchWorkers } from './holders.js'
import { Latch } from './latch.js'
import { Bell, idOf, Place, Slot, slotCount, ticketsShown, Word } from './layout.js'
import { placeAt, Slots } from './slots.js'
import { type Waiter, Waiters } from './waiters.js'

/** What makes a lock a lock and a queue a queue. All but `lookAround` is called under the latch. */
export interface Rules {
  readonly lines: number
  /** At the end of every change: wakes those that can go on. */
  settle(monitor: Monitor): void
  /** A thread has ended, or is about to: what becomes of what it held, and of those who rely on it. */
  bury(monitor: Monitor, slot: number): void
  /** While somebody waits: looks after others than those who have a slot. */
  lookAround?(): void
}

/**
 * The monitors whose threads hold or wait, by the id of their primitive. A thread has one at most for each: the same
 * primitive may have come to it several times, and what waits through one copy must know of the others. A monitor
 * that does neither has nothing to know, so any will do.
 */
const active = new Map<number, Monitor>()

export function activeMonitor(own: Monitor): Monitor {
  return active.get(own.id) ?? own
}

/** One of those who wait, blocked or not. */
type Shown = Pick<Waiter, 'ticket' | 'demand'> & { readonly next: Shown | undefined }

/** That of a call which is blocked elsewhere. */
const noLine = -1

/** While a call is blocked, a hook (channel/threads.ts) may run code that makes another one. */
interface BlockedCall {
  readonly line: number
  readonly ticket: number
  readonly demand: number | undefined
  readonly outer: BlockedCall | undefined
}

/** A slot and whose it was. Thread ids are never used again, and what is dead stays so. */
interface Occupant {
  index: number
  threadId: number
}

/** One primitive as seen from one thread: the words, the thread's slot, and the thread's asynchronous waiters. */
export class Monitor {
  readonly words: Int32Array
  readonly id: number
  readonly rules: Rules
  readonly slots: Slots
  readonly lines: readonly Waiters[]
  readonly #latch: Latch
  /** The index of this thread's slot; -1 while it has none. */
  slot = -1
  /** The innermost blocked call of this thread, if it is blocked here. */
  #blocked: BlockedCall | undefined
  /** What the pending waitAsync on the bell of this slot will call; undefined if none is pending. */
  onRung: (() => void) | undefined

  constructor(words: Int32Array, rules: Rules) {
    this.words = words
    this.id = idOf(words)
    this.rules = rules
    this.slots = new Slots(words, rules.lines)
    this.lines = Array.from({ length: rules.lines }, () => new Waiters())
    this.#latch = new Latch(words, index => this.slots.at(index))
    watchWorkers()
  }

  /** Where this thread's slot begins. */
  get at(): number {
    return this.slots.at(this.slot)
  }

  get bell(): number {
    return this.at + Slot.Bell
  }

  get(index: number): number {
    return this.words[index] as number
  }

  /** Only under the latch; undone if the change fails or its thread ends. */
  set(index: number, value: number): void {
    this.#latch.set(index, value)
  }

  /**
   * Changes the primitive while no other thread does, and wakes whom the change lets go on.
   *
   * @param afterwards - what must not happen unless the change is for good
   * @throws what `action` throws, and then nothing has changed
   * @throws {ExecutorError} if too many threads use the primitive
   */
  change<T>(action: () => T, afterwards?: () => void): T {
    if (this.slot === -1) this.#claimSlot()
    this.#latch.lock(this.slot)
    try {
      const outcome = action()
      if (afterwards !== undefined) {
        this.#latch.commit()
        afterwards()
      }
      this.rules.settle(this)
      return outcome
    } catch (error) {
      this.#latch.undo()
      throw error
    } finally {
      this.#latch.unlock()
      this.#notifyRung()
      this.#keepSlotIfNeeded()
    }
  }

  /** How many tickets come before one of this thread's; for a newcomer, how many there are. */
  ahead(line: number, ticket: number | undefined): number {
    if (ticket !== undefined) return this.slots.ahead(line, this.at, ticket)
    return this.slots.ahead(line, this.at) + this.get(placeAt(this.at, line) + Place.Waiting)
  }

  get isBlocked(): boolean {
    return this.#blocked !== undefined
  }

  /** The innermost blocked call's ticket. */
  get blockedTicket(): number | undefined {
    return this.#blocked?.ticket
  }

  get hasWaiters(): boolean {
    return this.lines.some(line => line.length > 0)
  }

  /** The calling thread is going to sleep in a line. */
  stepIn(line: number, demand?: number): void {
    this.#blocked = { line, ticket: this.slots.drawTicket(line), demand, outer: this.#blocked }
    this.show()
  }

  /** The calling thread is going to sleep for another primitive; `stepOut` ends that. */
  stepAside(): void {
    this.#blocked = { line: noLine, ticket: 0, demand: undefined, outer: this.#blocked }
    this.show()
  }

  stepOut(): void {
    this.#blocked = this.#blocked?.outer
    this.show()
  }

  /**
   * Brings the slot up to date with who waits in this thread. While the thread is blocked here, or has stepped aside, its
   * asynchronous waiters do not count: their turn could not come before the thread's own, which might then never come.
   */
  show(): void {
    for (const [line, waiters] of this.lines.entries()) {
      const place = placeAt(this.at, line)
      this.words[place + Place.Waiting] = waiters.length + this.#blockedCallsIn(line)
      if (this.#blocked === undefined) this.#showTickets(place, waiters.first)
      else
        this.#showTickets(
          place,
          this.#blocked.line === line ? { ...this.#blocked, next: undefined } : undefined,
        )
    }
    Atomics.store(this.words, this.bell, this.isBlocked || this.hasWaiters ? Bell.Asleep : Bell.Silent)
  }

  #blockedCallsIn(line: number): number {
    let count = 0
    for (let call = this.#blocked; call !== undefined; call = call.outer) if (call.line === line) count++
    return count
  }

  #showTickets(place: number, first: Shown | undefined): void {
    const { words } = this
    if (first?.demand !== undefined) words[this.at + Slot.Mark] = first.demand
    let index = place + Place.FirstTicket
    const end = index + ticketsShown
    for (let shown = first; shown !== undefined && index < end; shown = shown.next)
      words[index++] = shown.ticket
    if (index < end) words[index] = 0
  }

  /** Clears up after threads that have ended, and passes over those that do not come; true if there were any. */
  lookAfterOthers(): boolean {
    const dead: Occupant[] = []
    let isAnyLate = false
    for (let index = 0, { words, slots } = this; index < Atomics.load(words, Word.SlotsUsed); index++) {
      if (index === this.slot) continue
      const holder = this.#latch.holderOf(index)
      if (isDead(holder)) dead.push({ index, threadId: holder.threadId })
      isAnyLate ||= slots.isOverdue(slots.at(index))
    }
    if (isAnyLate) this.change(() => this.slots.passOverLate())
    for (const other of dead) this.#buryOther(other)
    return isAnyLate || dead.length > 0
  }

  #buryOther(other: Occupant): void {
    const isStillThere = () =>
      Atomics.load(this.words, this.slots.at(other.index) + Slot.Thread) === other.threadId + 1
    this.change(
      () => {
        if (isStillThere()) this.#bury(other.index)
      },
      () => {
        if (isStillThere()) this.slots.clear(other.index)
      },
    )
  }

  /** The thread is about to end: nothing that waits here will ever go on. */
  abandon(): void {
    this.change(
      () => this.#bury(this.slot),
      () => {
        for (const waiters of this.lines) waiters.removeAll()
        this.#blocked = undefined
        this.show()
      },
    )
  }

  /** The slot is cleared only afterwards: what a thread that ends now has buried is buried again. */
  #bury(index: number): void {
    this.rules.bury(this, index)
    this.set(this.slots.at(index) + Slot.Held, 0)
  }

  #claimSlot(): void {
    this.slot = this.slots.claim()
    if (this.slot === -1) this.#claimSlotOfDead()
    if (this.slot !== -1) return
    throw new ExecutorError(
      `more than ${slotCount} threads hold a shared primitive or wait for it at the same time`,
    )
  }

  /** With the slot that is kept for this: nothing can be changed without one. */
  #claimSlotOfDead(): void {
    this.slot = this.slots.claimSpare()
    if (this.slot === -1) return
    if (!this.lookAfterOthers()) this.slots.free(this.slot)
    this.slot = this.slots.claim()
  }

  #notifyRung(): void {
    const { rung } = this.slots
    for (const bell of rung) {
      if (bell !== this.bell) Atomics.notify(this.words, bell)
      else if (this.onRung !== undefined) queueMicrotask(this.onRung) // the thread is awake: sooner than waitAsync
    }
    rung.length = 0
  }

  #keepSlotIfNeeded(): void {
    const isNeeded = this.isBlocked || this.hasWaiters || this.get(this.at + Slot.Held) > 0
    if (isNeeded) {
      if (active.get(this.id) === this) return
      active.set(this.id, this)
      abandonAllAtExit()
      return
    }
    if (this.onRung !== undefined) {
      this.onRung = undefined
      Atomics.notify(this.words, this.bell) // a waitAsync that is left alone leaks
    }
    this.slots.free(this.slot)
    this.slot = -1
    active.delete(this.id)
  }
}

let isHooked = false
let hasAbandoned = false

/** Whether this thread runs its exit hooks, and has given back what it held. */
export function isEnding(): boolean {
  return hasAbandoned
}

/**
 * The first of all hooks: another may wait for work in a thread that waits for what this one holds. Code that runs for
 * a promise never goes on after this point.
 */
function abandonAllAtExit(): void {
  if (isHooked) return
  isHooked = true
  process.prependListener('exit', () => {
    hasAbandoned = true
    for (const monitor of [...active.values()]) monitor.abandon()
  })
}
