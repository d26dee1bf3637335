import { deadlineOf, isOver, never } from '../bridge/deadline.js'
import { now } from '../channel/clock.js'
import { NotOwnerError, TimeoutError } from '../channel/errors.js'
import { checkInteger, invalidType } from '../channel/validate.js'
import { ahead } from '../channel/words.js'
import type { Guard } from './guard.js'
import { Place, Slot, ticketsShown } from './layout.js'
import { accessTo, Lock, type LockAccess } from './lock.js'
import { activeMonitor, Monitor, type Rules } from './monitor.js'
import {
  carryInArguments,
  checkAsyncWaitOptions,
  checkShared,
  createShared,
  hasKind,
  type Shared,
  type SharedBy,
} from './shared.js'
import { placeAt } from './slots.js'
import { type AsyncWaitOptions, block, collect, notYet, type Request, waitAsync } from './waiting.js'

/** How many of a thread's waiters, from the first on, have been notified and have not gone on yet. */
const notified = Slot.Mark

const mostWaiters = 2 ** 31 - 1

/** A condition refers to its lock. */
export interface SharedCondition extends Shared<'Condition'> {
  readonly lock: Shared<'Lock'>
}

/**
 * To wait, with a lock held, until something that the lock protects has changed: `wait` gives the lock away, sleeps
 * until another who holds the lock calls `notify`, and has the lock again when it returns or throws.
 *
 * @example
 * const changed = new Condition()
 * const guard = changed.lock.acquire()
 * try {
 *   changed.waitFor(() => counters[0] > 0)
 *   counters[0]--
 * } finally {
 *   guard.release()
 * }
 */
export class Condition {
  /** All that there is of it; see {@link Shared}. */
  readonly shared: SharedCondition
  readonly #ownLock: Lock
  readonly #lock: LockAccess
  readonly #own: Monitor

  /**
   * @param lock - several conditions may have the same. @defaultValue one of its own. Or the `shared` of another
   * Condition, to be the same one
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   */
  constructor(lock: Lock | SharedCondition = new Lock()) {
    if (!(lock instanceof Lock) && !hasKind(lock)) throw invalidType('lock', 'a Lock', lock)
    this.shared =
      lock instanceof Lock
        ? { ...createShared('Condition', 1), lock: lock.shared }
        : checkShared<SharedCondition>('Condition', 1, lock)
    this.#ownLock = lock instanceof Lock ? lock : Lock.from(this.shared.lock)
    this.#lock = accessTo(this.#ownLock)
    this.#own = new Monitor(this.shared.words, this.#rules())
    carryInArguments(this)
  }

  /**
   * The condition of which something has come to this thread: a copy, as messages make it, or its `shared`.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE if that is something else
   */
  static from(shared: SharedBy<SharedCondition>): Condition {
    return new Condition(checkShared<SharedCondition>('Condition', 1, shared))
  }

  /** What must be held by whoever waits or notifies. */
  get lock(): Lock {
    return this.#ownLock
  }

  /** `lock.acquire()` */
  acquire(timeout?: number): Guard {
    return this.lock.acquire(timeout)
  }

  /** `lock.acquireAsync()` */
  acquireAsync(options: AsyncWaitOptions = {}): Promise<Guard> {
    return this.lock.acquireAsync(options)
  }

  /**
   * Blocks until it is notified. The lock is held again afterwards in any case but the last one; to get it back may
   * take longer than `timeout`.
   *
   * @param timeout - ms to wait for the notification at most. @defaultValue no limit
   * @throws {NotOwnerError} if this thread does not hold the lock
   * @throws {TimeoutError} if it was not notified in time
   * @throws {AbandonedError} if a thread ended while it held the lock, which nobody has then
   */
  wait(timeout?: number): void {
    this.#waitUntil(deadlineOf('timeout', timeout))
  }

  /**
   * Waits in the event loop until it is notified; see {@link Condition.wait}. Other tasks of this thread must leave
   * the lock alone while this one holds it.
   *
   * @throws {CancelledError} if the signal was aborted, with the lock held again
   */
  async waitAsync(options: AsyncWaitOptions = {}): Promise<void> {
    const checked = checkAsyncWaitOptions(options)
    const acquisition = this.#checkOwner()
    try {
      await waitAsync(
        this.#request(() => this.#lock.letGo()),
        checked,
      )
    } finally {
      // Before the first sleep the lock was not given away: the signal was aborted already, or there was no time.
      if (this.#lock.ownAcquisition() !== acquisition) await this.#lock.takeBackAsync(acquisition)
    }
  }

  /**
   * Blocks until `predicate` returns something true, which it returns. It is called with the lock held, at first and
   * whenever there was a notification.
   *
   * @param timeout - ms to wait at most. @defaultValue no limit
   * @throws what `wait` and the predicate throw
   */
  waitFor<T>(predicate: () => T, timeout?: number): T {
    if (typeof predicate !== 'function') throw invalidType('predicate', 'a function', predicate)
    const deadline = deadlineOf('timeout', timeout)
    this.#checkOwner()
    for (;;) {
      const value = predicate()
      if (value) return value
      this.#waitUntil(deadline)
    }
  }

  /** As {@link Condition.waitFor}, in the event loop. */
  async waitForAsync<T>(predicate: () => T, options: AsyncWaitOptions = {}): Promise<T> {
    if (typeof predicate !== 'function') throw invalidType('predicate', 'a function', predicate)
    const { timeout, ...others } = checkAsyncWaitOptions(options)
    const deadline = deadlineOf('options.timeout', timeout)
    this.#checkOwner()
    for (;;) {
      const value = predicate()
      if (value) return value
      const left = deadline === never ? undefined : { timeout: isOver(deadline) ? 0 : deadline - now() }
      await this.waitAsync({ ...others, ...left })
    }
  }

  /**
   * Lets the first of those who wait go on, once they get the lock. Does not block.
   *
   * @param count - how many. @defaultValue 1
   * @throws {NotOwnerError} if this thread does not hold the lock
   */
  notify(count = 1): void {
    checkInteger('count', count, 1, mostWaiters)
    this.#checkOwner()
    const monitor = this.#monitor
    monitor.change(() => notifyFirst(monitor, count))
  }

  /** Lets all who wait go on; see {@link Condition.notify}. */
  notifyAll(): void {
    this.notify(mostWaiters)
  }

  get #monitor(): Monitor {
    return activeMonitor(this.#own)
  }

  #rules(): Rules {
    return {
      lines: 1,
      settle(monitor) {
        const surplus = monitor.get(monitor.at + notified) - waitingIn(monitor, monitor.at)
        if (surplus > 0) passOn(monitor, monitor.at, surplus)
        monitor.slots.wakeIf(at => monitor.get(at + notified) > 0)
      },
      bury(monitor, slot) {
        const at = monitor.slots.at(slot)
        passOn(monitor, at, monitor.get(at + notified))
      },
      lookAround: () => this.#lock.lookAfterHolder(),
    }
  }

  #checkOwner(): number {
    const acquisition = this.#lock.ownAcquisition()
    if (acquisition !== undefined) return acquisition
    throw new NotOwnerError('this thread does not hold the lock of the condition')
  }

  #waitUntil(deadline: number): void {
    const acquisition = this.#checkOwner()
    collect(this.#monitor) // what has been notified before is not for this call
    try {
      block(
        this.#request(() => this.#lock.letGoAndStepAside()),
        deadline,
      )
    } finally {
      if (this.#lock.ownAcquisition() !== acquisition) this.#lock.takeBack(acquisition)
    }
  }

  /**
   * The lock is given away only when the place in the line is taken. Who notifies holds the lock, so it comes after
   * that, and finds this waiter.
   */
  #request(letGo: () => void): Request<true> {
    const monitor = this.#monitor
    let hasEntered = false
    return {
      monitor,
      line: 0,
      attempt: () => {
        if (!hasEntered) return notYet
        if (this.#lock.isAbandoned()) return true // nobody is left to notify; taking the lock back says so
        const own = monitor.at + notified
        const count = monitor.get(own)
        if (count === 0) return notYet
        monitor.set(own, count - 1)
        return true
      },
      entered: () => {
        hasEntered = true
        letGo()
      },
      timedOut: waited => new TimeoutError(`the condition was not notified within ${Math.round(waited)} ms`),
    }
  }
}

/**
 * Under the latch: notifies those of all threads who have waited longest. Not in the log, which could not hold it: if
 * the thread ends in the midst of it, then some are notified and others are not.
 *
 * @param except - the slot of a thread that is not to be notified
 */
function notifyFirst(monitor: Monitor, count: number, except = -1): void {
  for (let left = count; left > 0; left--) {
    let first: number | undefined
    monitor.slots.forEach(at => {
      if (at === except || monitor.get(at + notified) >= waitingIn(monitor, at)) return
      if (first === undefined || ahead(nextToNotify(monitor, at), nextToNotify(monitor, first)) < 0)
        first = at
    })
    if (first === undefined) return
    monitor.words[first + notified] = monitor.get(first + notified) + 1
  }
}

/** The ticket of the first in a thread who has not been notified; of those whose tickets do not show, a lower one. */
function nextToNotify(monitor: Monitor, at: number): number {
  const tickets = placeAt(at, 0) + Place.FirstTicket
  let index = Math.min(monitor.get(at + notified), ticketsShown - 1)
  while (index > 0 && monitor.get(tickets + index) === 0) index--
  return monitor.get(tickets + index)
}

/**
 * What was meant for one who gave up, or whose thread ended, is for the next one. In this order: it is better passed on
 * twice than lost.
 */
function passOn(monitor: Monitor, at: number, count: number): void {
  notifyFirst(monitor, count, at)
  monitor.words[at + notified] = monitor.get(at + notified) - count
}

function waitingIn(monitor: Monitor, at: number): number {
  return monitor.get(placeAt(at, 0) + Place.Waiting)
}
