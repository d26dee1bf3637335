import { threadId } from 'node:worker_threads'
import { deadlineOf, never } from '../bridge/deadline.js'
import { AbandonedError, DeadlockError, NotOwnerError, TimeoutError } from '../channel/errors.js'
import { Guard } from './guard.js'
import { Slot, Word } from './layout.js'
import { activeMonitor, Monitor, type Rules } from './monitor.js'
import {
  carryInArguments,
  checkAsyncWaitOptions,
  checkShared,
  createShared,
  type Shared,
  type SharedBy,
} from './shared.js'
import {
  type AsyncWaitOptions,
  attemptOnce,
  block,
  type NotYet,
  notYet,
  type Request,
  waitAsync,
} from './waiting.js'

/** Free → held, by an index + 1; held → free, or abandoned when the thread ends; abandoned → held, by `recover`. */
enum Holder {
  Abandoned = -1,
  Nobody = 0,
}

enum State {
  /** The slot of the thread that holds the lock, + 1, or a {@link Holder}. */
  Holder = Word.State,
  /** Counts up: tells apart the calls that acquired the lock, which may be of one thread. */
  Acquisition,
  /** The last number given to an acquisition. */
  LastAcquisition,
  /** The id of the thread that holds the lock, or left it abandoned. */
  Thread,
}

const rules: Rules = {
  lines: 1,
  settle(monitor) {
    const holder = monitor.get(State.Holder)
    if (holder === Holder.Nobody) monitor.slots.wakeFirst(0, 1)
    else if (holder === Holder.Abandoned) monitor.slots.wakeFirst(0, Number.POSITIVE_INFINITY)
  },
  bury(monitor, slot) {
    if (monitor.get(State.Holder) === slot + 1) monitor.set(State.Holder, Holder.Abandoned)
  },
}

/** What a condition needs of its lock; not on the class, whose members are users'. */
export interface LockAccess {
  /** The number under which this thread holds the lock; undefined if it does not. */
  ownAcquisition(): number | undefined
  /** Gives the lock away without ending the acquisition: its guard holds again after it was taken back. */
  letGo(): void
  /**
   * As `letGo`, for a thread that is going to be blocked until `takeBack`: those of its calls that await the lock have no
   * turn meanwhile, which would keep it from everybody.
   */
  letGoAndStepAside(): void
  takeBack(acquisition: number): void
  takeBackAsync(acquisition: number): Promise<void>
  isAbandoned(): boolean
  lookAfterHolder(): void
}

export let accessTo: (lock: Lock) => LockAccess

/**
 * Mutual exclusion between threads, and between asynchronous tasks of one thread. The lock goes to those who wait in
 * the order in which they came, whether they are blocked or await. Not reentrant.
 *
 * It belongs to the call that acquired it, which the guard stands for; `lock.release()` gives back whatever this
 * thread has. If a thread ends while it holds the lock, then the lock is abandoned: whoever waits for it, or wants
 * it later, gets an {@link AbandonedError}, until somebody takes it over with {@link Lock.recover}.
 *
 * @example
 * const lock = new Lock()
 * const guard = lock.acquire() // or: await lock.acquireAsync()
 * try {
 *   counters[0]++
 * } finally {
 *   guard.release()
 * }
 */
export class Lock {
  /** All that there is of it; see {@link Shared}. */
  readonly shared: Shared<'Lock'>
  readonly #own: Monitor

  /** @param shared - of another Lock, to be the same one */
  constructor(shared?: Shared<'Lock'>) {
    this.shared =
      shared === undefined ? createShared('Lock', rules.lines) : checkShared('Lock', rules.lines, shared)
    this.#own = new Monitor(this.shared.words, rules)
    carryInArguments(this)
  }

  /**
   * The lock of which something has come to this thread: a copy, as messages make it, or its `shared`.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE if that is something else
   */
  static from(shared: SharedBy<Shared<'Lock'>>): Lock {
    return new Lock(checkShared('Lock', rules.lines, shared))
  }

  /**
   * Blocks until the lock is this call's.
   *
   * @param timeout - ms to wait at most; 0 only looks. @defaultValue no limit
   * @throws {TimeoutError} if it was not free in time
   * @throws {AbandonedError} if the thread that held it has ended
   * @throws {DeadlockError} without a timeout, if this thread holds the lock itself
   */
  acquire(timeout?: number): Guard {
    const deadline = deadlineOf('timeout', timeout)
    return block(this.#request(deadline === never), deadline)
  }

  /**
   * Does not block: undefined if somebody holds the lock or waits for it.
   *
   * @throws {AbandonedError} if the thread that held it has ended
   */
  tryAcquire(): Guard | undefined {
    const outcome = attemptOnce(this.#request())
    return outcome === notYet ? undefined : outcome
  }

  /**
   * Waits in the event loop until the lock is this call's.
   *
   * @throws {TimeoutError} if it was not free in time
   * @throws {CancelledError} if the signal was aborted
   * @throws {AbandonedError} if the thread that held it has ended
   */
  async acquireAsync(options: AsyncWaitOptions = {}): Promise<Guard> {
    return waitAsync(this.#request(), checkAsyncWaitOptions(options))
  }

  /**
   * Gives back what this thread holds, whichever of its calls acquired it. Does not block.
   *
   * @throws {NotOwnerError} if this thread does not hold it
   */
  release(): void {
    this.#release(undefined)
  }

  /** Whether anybody holds the lock, or it is abandoned. */
  locked(): boolean {
    return Atomics.load(this.shared.words, State.Holder) !== Holder.Nobody
  }

  /**
   * Takes over an abandoned lock, so that what it protects can be put in order. Does not block.
   *
   * @returns undefined if it is not abandoned, or no longer
   * @example
   * const guard = lock.recover() ?? lock.acquire()
   */
  recover(): Guard | undefined {
    const monitor = this.#monitor
    monitor.lookAfterOthers()
    return monitor.change(() => {
      if (monitor.get(State.Holder) !== Holder.Abandoned) return undefined
      return this.#takeAnew(monitor)
    })
  }

  get #monitor(): Monitor {
    return activeMonitor(this.#own)
  }

  #request(isEndless = false): Request<Guard> {
    const monitor = this.#monitor
    return this.#requestFor(monitor, ahead => {
      if (!this.#isFree(monitor, ahead, isEndless)) return notYet
      return this.#takeAnew(monitor)
    })
  }

  #requestFor<T>(monitor: Monitor, attempt: (ahead: number) => T | NotYet): Request<T> {
    return {
      monitor,
      line: 0,
      attempt,
      timedOut: waited => {
        const held = this.locked() ? `was held by thread ${this.#thread}` : 'was promised to others'
        return new TimeoutError(`the lock ${held} after ${Math.round(waited)} ms`)
      },
    }
  }

  #isFree(monitor: Monitor, ahead: number, isEndless: boolean): boolean {
    const holder = monitor.get(State.Holder)
    if (holder === Holder.Abandoned)
      throw new AbandonedError(`thread ${this.#thread} ended while it held the lock; see recover()`)
    if (isEndless && holder !== Holder.Nobody && this.#thread === threadId)
      throw new DeadlockError(
        'this thread holds the lock itself, and cannot give it back while it is blocked',
      )
    return holder === Holder.Nobody && ahead === 0
  }

  get #thread(): number {
    return Atomics.load(this.shared.words, State.Thread)
  }

  #takeAnew(monitor: Monitor): Guard {
    const acquisition = (monitor.get(State.LastAcquisition) + 1) | 0
    monitor.set(State.LastAcquisition, acquisition)
    this.#take(monitor, acquisition)
    return new Guard(() => this.#release(acquisition))
  }

  #take(monitor: Monitor, acquisition: number): void {
    monitor.set(State.Acquisition, acquisition)
    monitor.set(State.Thread, threadId)
    monitor.set(State.Holder, monitor.slot + 1)
    monitor.set(monitor.at + Slot.Held, 1)
  }

  /**
   * An exit hook may give back what has been declared abandoned because its thread ends. That is no error: it would
   * end the thread's other exit hooks.
   */
  #release(acquisition: number | undefined, stepsAside = false): void {
    const monitor = this.#monitor
    monitor.change(() => {
      const holder = monitor.get(State.Holder)
      const isOwn = holder === monitor.slot + 1
      const isAbandoned = holder === Holder.Abandoned && this.#thread === threadId
      const isSame = acquisition === undefined || monitor.get(State.Acquisition) === acquisition
      if (!(isOwn || isAbandoned) || !isSame) throw this.#notOwner(holder)
      monitor.set(State.Holder, Holder.Nobody)
      monitor.set(monitor.at + Slot.Held, 0)
      if (stepsAside) monitor.stepAside()
    })
  }

  #notOwner(holder: number): NotOwnerError {
    if (holder === Holder.Nobody) return new NotOwnerError('the lock was released, but nobody holds it')
    const by = holder === Holder.Abandoned ? 'is abandoned, it was held' : 'is held'
    const who = this.#thread === threadId ? 'another call of this thread' : `thread ${this.#thread}`
    return new NotOwnerError(`the lock was released, but it ${by} by ${who}`)
  }

  static {
    accessTo = lock => lock.#access()
  }

  #access(): LockAccess {
    const { words } = this.shared
    const retake = (acquisition: number): Request<true> => {
      const monitor = this.#monitor
      return this.#requestFor(monitor, ahead => {
        if (!this.#isFree(monitor, ahead, false)) return notYet
        this.#take(monitor, acquisition)
        return true
      })
    }
    return {
      ownAcquisition: () => {
        const { slot } = this.#monitor
        const isOwn = slot !== -1 && Atomics.load(words, State.Holder) === slot + 1
        return isOwn ? Atomics.load(words, State.Acquisition) : undefined
      },
      letGo: () => this.release(),
      letGoAndStepAside: () => this.#release(undefined, true),
      takeBack: acquisition => {
        const monitor = this.#monitor // the same until it has stepped out
        try {
          block(retake(acquisition), never)
        } finally {
          monitor.change(() => monitor.stepOut())
        }
      },
      takeBackAsync: async acquisition => {
        await waitAsync(retake(acquisition), {})
      },
      isAbandoned: () => Atomics.load(words, State.Holder) === Holder.Abandoned,
      lookAfterHolder: () => {
        this.#monitor.lookAfterOthers()
      },
    }
  }
}
