import { deadlineOf } from '../bridge/deadline.js'
import { NotOwnerError, TimeoutError } from '../channel/errors.js'
import { checkBoolean, checkOptions } from '../channel/options.js'
import { checkInteger, invalidType, outOfRange } from '../channel/validate.js'
import { Guard } from './guard.js'
import { Slot, Word } from './layout.js'
import { activeMonitor, isEnding, Monitor, type Rules } from './monitor.js'
import {
  carryInArguments,
  checkAsyncWaitOptions,
  checkShared,
  createShared,
  hasKind,
  type Shared,
  type SharedBy,
} from './shared.js'
import { type AsyncWaitOptions, attemptOnce, block, notYet, type Request, waitAsync } from './waiting.js'

enum State {
  /** Permits that anybody may take. */
  Available = Word.State,
  /** 1 if there are never to be more than at the beginning. */
  Bounded,
  /** How many there were at the beginning. */
  Initial,
  /**
   * How many have been taken, and are counted in the slots of the threads that took them. Never more than `Initial`:
   * what was added is a message, which is used up by whoever acquires it.
   */
  Held,
}

const mostPermits = 2 ** 31 - 1

const rules: Rules = {
  lines: 1,
  settle(monitor) {
    monitor.slots.wakeFirst(0, monitor.get(State.Available))
  },
  bury(monitor, slot) {
    const held = monitor.get(monitor.slots.at(slot) + Slot.Held)
    monitor.set(State.Available, monitor.get(State.Available) + held)
    monitor.set(State.Held, monitor.get(State.Held) - held)
  },
}

export interface SemaphoreOptions {
  /** Refuse to release what nobody has acquired. @defaultValue false */
  bounded?: boolean
}

/**
 * A number of permits. Who acquires one goes on; who finds none waits, in the order in which they came.
 *
 * As in asyncio, any thread may call `release()`, also without having acquired, which adds a permit; with `bounded`
 * that is refused. The permits that a thread holds when it ends come back by themselves, but not those that were
 * added.
 *
 * @example
 * const connections = new Semaphore(5)
 * const permit = await connections.acquireAsync() // or, blocking: connections.acquire()
 * try {
 *   await query()
 * } finally {
 *   permit.release()
 * }
 */
export class Semaphore {
  /** All that there is of it; see {@link Shared}. */
  readonly shared: Shared<'Semaphore'>
  readonly #own: Monitor

  /**
   * @param permits - how many there are at first, 0 or more. Or the `shared` of another Semaphore, to be the same one
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  constructor(permits: number | Shared<'Semaphore'> = 1, options: SemaphoreOptions = {}) {
    this.shared = hasKind(permits)
      ? checkShared('Semaphore', rules.lines, permits)
      : createSemaphore(permits, options)
    this.#own = new Monitor(this.shared.words, rules)
    carryInArguments(this)
  }

  /**
   * The semaphore of which something has come to this thread: a copy, as messages make it, or its `shared`.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE if that is something else
   */
  static from(shared: SharedBy<Shared<'Semaphore'>>): Semaphore {
    return new Semaphore(checkShared('Semaphore', rules.lines, shared))
  }

  /**
   * Blocks until there is a permit.
   *
   * @param timeout - ms to wait at most; 0 only looks. @defaultValue no limit
   * @throws {TimeoutError} if there was none in time
   */
  acquire(timeout?: number): Guard {
    return block(this.#request(), deadlineOf('timeout', timeout))
  }

  /** Does not block: undefined if there is no permit, or only for those who wait already. */
  tryAcquire(): Guard | undefined {
    const outcome = attemptOnce(this.#request())
    return outcome === notYet ? undefined : outcome
  }

  /**
   * Waits in the event loop until there is a permit.
   *
   * @throws {TimeoutError} if there was none in time
   * @throws {CancelledError} if the signal was aborted
   */
  async acquireAsync(options: AsyncWaitOptions = {}): Promise<Guard> {
    return waitAsync(this.#request(), checkAsyncWaitOptions(options))
  }

  /**
   * Adds permits: those that this thread holds are the first to count as given back, then those of others, then they
   * are new. Does not block. A guard knows nothing of it: either is for a permit, not both.
   *
   * @param count - @defaultValue 1
   * @throws {NotOwnerError} if it is bounded, and fewer are held; then none is added
   */
  release(count = 1): void {
    checkInteger('count', count, 1, mostPermits)
    const monitor = this.#monitor
    monitor.change(() => {
      const available = monitor.get(State.Available)
      if (available > mostPermits - count)
        throw outOfRange('count', `at most ${mostPermits - available}`, count)
      const added = takeFromHolders(monitor, count)
      if (added > 0 && monitor.get(State.Bounded) === 1)
        throw new NotOwnerError(`${count} released, but ${count - added} held: the semaphore is bounded`)
      monitor.set(State.Available, available + count)
    })
  }

  /** How many permits are there to be taken. */
  get available(): number {
    return Atomics.load(this.shared.words, State.Available)
  }

  /** Whether `tryAcquire` would find no permit. */
  locked(): boolean {
    const monitor = this.#monitor
    return monitor.change(() => monitor.ahead(0, undefined) >= monitor.get(State.Available))
  }

  get #monitor(): Monitor {
    return activeMonitor(this.#own)
  }

  /** At its end the thread has given back what was counted. */
  #giveBack(isCounted: boolean): void {
    const monitor = this.#monitor
    if (isCounted && isEnding() && (monitor.slot === -1 || monitor.get(monitor.at + Slot.Held) === 0)) return
    this.release()
  }

  #request(): Request<Guard> {
    const monitor = this.#monitor
    return {
      monitor,
      line: 0,
      attempt: ahead => {
        const available = monitor.get(State.Available)
        if (available <= ahead) return notYet
        monitor.set(State.Available, available - 1)
        const isCounted = countAsHeld(monitor)
        return new Guard(() => this.#giveBack(isCounted))
      },
      timedOut: waited => new TimeoutError(`the semaphore had no permit within ${Math.round(waited)} ms`),
    }
  }
}

function createSemaphore(permits: unknown, options: SemaphoreOptions): Shared<'Semaphore'> {
  if (typeof permits === 'object')
    throw invalidType('permits', 'a number, or what a Semaphore shares', permits)
  checkInteger('permits', permits, 0, mostPermits)
  const { bounded = false } = checkOptions(options, { bounded: checkBoolean })
  const shared = createShared('Semaphore', rules.lines)
  shared.words[State.Available] = permits as number
  shared.words[State.Initial] = permits as number
  shared.words[State.Bounded] = bounded ? 1 : 0
  return shared
}

/** Under the latch: false if so many are held that this one has been added. */
function countAsHeld(monitor: Monitor): boolean {
  const held = monitor.get(State.Held)
  if (held === monitor.get(State.Initial)) return false
  monitor.set(State.Held, held + 1)
  monitor.set(monitor.at + Slot.Held, monitor.get(monitor.at + Slot.Held) + 1)
  return true
}

/** Under the latch. @returns how many of `count` nobody holds */
function takeFromHolders(monitor: Monitor, count: number): number {
  let left = take(monitor, monitor.at, count)
  if (left > 0)
    monitor.slots.forEach(at => {
      left = take(monitor, at, left)
    })
  monitor.set(State.Held, monitor.get(State.Held) - (count - left))
  return left
}

/** @returns how many of `count` the thread of this slot does not hold */
function take(monitor: Monitor, slot: number, count: number): number {
  const held = monitor.get(slot + Slot.Held)
  const taken = Math.min(held, count)
  if (taken > 0) monitor.set(slot + Slot.Held, held - taken)
  return count - taken
}
