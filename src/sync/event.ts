import { deadlineOf } from '../bridge/deadline.js'
import { TimeoutError } from '../channel/errors.js'
import { Word } from './layout.js'
import { activeMonitor, Monitor, type Rules } from './monitor.js'
import {
  carryInArguments,
  checkAsyncWaitOptions,
  checkShared,
  createShared,
  type Shared,
  type SharedBy,
} from './shared.js'
import { type AsyncWaitOptions, block, collect, notYet, type Request, waitAsync } from './waiting.js'

enum State {
  /** 1 while the event is set. */
  IsSet = Word.State,
  /** How often it has been set. */
  TimesSet,
}

const rules: Rules = {
  lines: 1,
  settle(monitor) {
    if (monitor.get(State.IsSet) === 1) monitor.slots.wakeFirst(0, Number.POSITIVE_INFINITY)
  },
  bury() {},
}

/**
 * Something that is the case or not, for which any number of threads can wait. Who waits when it is set goes on, also
 * if it is cleared at once.
 *
 * @example
 * const ready = new Event()
 * executor.submit('./server.js', 'listen', [ready])
 * ready.wait(5_000) // blocks until the task has called Event.from(ready).set()
 */
export class Event {
  /** All that there is of it; see {@link Shared}. */
  readonly shared: Shared<'Event'>
  readonly #own: Monitor

  /** @param shared - of another Event, to be the same one */
  constructor(shared?: Shared<'Event'>) {
    this.shared =
      shared === undefined ? createShared('Event', rules.lines) : checkShared('Event', rules.lines, shared)
    this.#own = new Monitor(this.shared.words, rules)
    carryInArguments(this)
  }

  /**
   * The event of which something has come to this thread: a copy, as messages make it, or its `shared`.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE if that is something else
   */
  static from(shared: SharedBy<Shared<'Event'>>): Event {
    return new Event(checkShared('Event', rules.lines, shared))
  }

  /** Lets all who wait go on, and whoever comes until it is cleared. Does not block. */
  set(): void {
    const monitor = this.#monitor
    monitor.change(() => {
      if (monitor.get(State.IsSet) === 1) return
      monitor.set(State.IsSet, 1)
      monitor.set(State.TimesSet, (monitor.get(State.TimesSet) + 1) | 0)
    })
  }

  /** Whoever comes from now on waits. Does not block. */
  clear(): void {
    const monitor = this.#monitor
    monitor.change(() => monitor.set(State.IsSet, 0))
  }

  isSet(): boolean {
    return Atomics.load(this.shared.words, State.IsSet) === 1
  }

  /**
   * Blocks until the event is set.
   *
   * @param timeout - ms to wait at most; 0 only looks. @defaultValue no limit
   * @throws {TimeoutError} if it was not set in time
   */
  wait(timeout?: number): void {
    const deadline = deadlineOf('timeout', timeout)
    collect(this.#monitor) // a slot that waits anew forgets that it was rung for a set that has been cleared
    block(this.#request(), deadline)
  }

  /**
   * Waits in the event loop until the event is set.
   *
   * @throws {TimeoutError} if it was not set in time
   * @throws {CancelledError} if the signal was aborted
   */
  async waitAsync(options: AsyncWaitOptions = {}): Promise<void> {
    const checked = checkAsyncWaitOptions(options)
    collect(this.#monitor)
    await waitAsync(this.#request(), checked)
  }

  get #monitor(): Monitor {
    return activeMonitor(this.#own)
  }

  #request(): Request<true> {
    const monitor = this.#monitor
    let timesSet: number | undefined
    return {
      monitor,
      line: 0,
      attempt: () => {
        timesSet ??= monitor.get(State.TimesSet)
        return monitor.get(State.IsSet) === 1 || monitor.get(State.TimesSet) !== timesSet ? true : notYet
      },
      timedOut: waited => new TimeoutError(`the event was not set within ${Math.round(waited)} ms`),
    }
  }
}
