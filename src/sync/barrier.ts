import { deadlineOf } from '../bridge/deadline.js'
import { BrokenBarrierError, TimeoutError } from '../channel/errors.js'
import { checkInteger, invalidType } from '../channel/validate.js'
import { nextTicket, Place, Slot, Word } from './layout.js'
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

enum State {
  Parties = Word.State,
  /** How many have come in this round. */
  Arrived,
  /** The number of the round; a round ends when all have come, or when it is broken. Never 0. */
  Round,
  /** 1 from `abort` to `reset`: no round can be begun. */
  Aborted,
}

/** The last round in which somebody of this thread came. */
const joined = Slot.Mark
/** The last round that was broken while somebody of this thread waited. */
const broken = Slot.Mark + 1

const mostParties = 2 ** 31 - 1

const rules: Rules = {
  lines: 1,
  settle(monitor) {
    const round = monitor.get(State.Round)
    monitor.slots.wakeIf(at => isWaiting(monitor, at) && monitor.get(at + joined) !== round)
  },
  bury(monitor, slot) {
    const at = monitor.slots.at(slot)
    if (isWaiting(monitor, at) && monitor.get(at + joined) === monitor.get(State.Round)) breakRound(monitor)
  },
}

/**
 * Where a number of parties wait for each other: all go on when the last one has come. Then the next round begins.
 *
 * Who gives up, by timeout or signal, leaves the round as if it had not come. A thread that ends while it waits breaks
 * the round: the others get a {@link BrokenBarrierError}.
 *
 * @example
 * const barrier = new Barrier(3)
 * const index = barrier.wait() // or: await barrier.waitAsync()
 * if (index === barrier.parties - 1) console.log('all three are here') // in one of them
 */
export class Barrier {
  /** All that there is of it; see {@link Shared}. */
  readonly shared: Shared<'Barrier'>
  readonly #own: Monitor

  /**
   * @param parties - how many make a round, 1 or more. Or the `shared` of another Barrier, to be the same one
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  constructor(parties: number | Shared<'Barrier'>) {
    this.shared = hasKind(parties) ? checkShared('Barrier', rules.lines, parties) : createBarrier(parties)
    this.#own = new Monitor(this.shared.words, rules)
    carryInArguments(this)
  }

  /**
   * The barrier of which something has come to this thread: a copy, as messages make it, or its `shared`.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE if that is something else
   */
  static from(shared: SharedBy<Shared<'Barrier'>>): Barrier {
    return new Barrier(checkShared('Barrier', rules.lines, shared))
  }

  /** How many make a round. */
  get parties(): number {
    return Atomics.load(this.shared.words, State.Parties)
  }

  /** How many have come in this round. */
  get waiting(): number {
    return Atomics.load(this.shared.words, State.Arrived)
  }

  /** Whether `abort` has been called, and not `reset` since. */
  get broken(): boolean {
    return Atomics.load(this.shared.words, State.Aborted) === 1
  }

  /**
   * Blocks until all parties have come.
   *
   * @param timeout - ms to wait at most; 0 only looks. @defaultValue no limit
   * @returns how many had come before: `parties` - 1 for the last, and less for each of the others. If one gave up
   * meanwhile, who comes next gets its number, or one that another has too, and there may be no 0
   * @throws {TimeoutError} if they had not come in time; this party has not come then either
   * @throws {BrokenBarrierError} if the barrier was reset or aborted, or a thread that waited ended
   */
  wait(timeout?: number): number {
    const deadline = deadlineOf('timeout', timeout)
    collect(this.#monitor) // the slot has one round to remember
    return block(this.#request(), deadline)
  }

  /**
   * Waits in the event loop until all parties have come; see {@link Barrier.wait}.
   *
   * @throws {CancelledError} if the signal was aborted
   */
  async waitAsync(options: AsyncWaitOptions = {}): Promise<number> {
    const checked = checkAsyncWaitOptions(options)
    collect(this.#monitor)
    return waitAsync(this.#request(), checked)
  }

  /** Breaks this round for those who wait, if any, and begins a new one, also after `abort`. Does not block. */
  reset(): void {
    const monitor = this.#monitor
    monitor.change(() => {
      monitor.set(State.Aborted, 0)
      breakRound(monitor)
    })
  }

  /** Breaks this round and, until `reset` is called, all others. Does not block. */
  abort(): void {
    const monitor = this.#monitor
    monitor.change(() => {
      monitor.set(State.Aborted, 1)
      breakRound(monitor)
    })
  }

  get #monitor(): Monitor {
    return activeMonitor(this.#own)
  }

  #request(): Request<number> {
    const monitor = this.#monitor
    let own: { round: number; index: number } | undefined
    return {
      monitor,
      line: 0,
      attempt: () => {
        if (own !== undefined) return outcomeOf(monitor, own)
        if (monitor.get(State.Aborted) === 1) throw new BrokenBarrierError('the barrier has been aborted')
        own = { round: monitor.get(State.Round), index: monitor.get(State.Arrived) }
        return arrive(monitor, own.index)
      },
      left: () => {
        if (own?.round === monitor.get(State.Round))
          monitor.set(State.Arrived, monitor.get(State.Arrived) - 1)
        own = undefined
      },
      timedOut: waited =>
        new TimeoutError(
          `the barrier still lacked ${this.parties - this.waiting} of ${this.parties} parties ` +
            `after ${Math.round(waited)} ms`,
        ),
    }
  }
}

function createBarrier(parties: unknown): Shared<'Barrier'> {
  if (typeof parties === 'object') throw invalidType('parties', 'a number, or what a Barrier shares', parties)
  checkInteger('parties', parties, 1, mostParties)
  const shared = createShared('Barrier', rules.lines)
  shared.words[State.Parties] = parties as number
  shared.words[State.Round] = 1
  return shared
}

function arrive(monitor: Monitor, index: number): number | typeof notYet {
  if (index + 1 === monitor.get(State.Parties)) {
    beginRound(monitor)
    return index
  }
  monitor.set(State.Arrived, index + 1)
  monitor.set(monitor.at + joined, monitor.get(State.Round))
  return notYet
}

function outcomeOf(monitor: Monitor, own: { round: number; index: number }): number | typeof notYet {
  if (monitor.get(State.Round) === own.round) return notYet
  if (monitor.get(monitor.at + broken) !== own.round) return own.index
  throw new BrokenBarrierError(
    'the round was broken: by reset, by abort, or by the end of a thread that waited',
  )
}

function breakRound(monitor: Monitor): void {
  const round = monitor.get(State.Round)
  monitor.slots.forEach(at => {
    if (isWaiting(monitor, at) && monitor.get(at + joined) === round) monitor.set(at + broken, round)
  })
  beginRound(monitor)
}

function beginRound(monitor: Monitor): void {
  monitor.set(State.Round, nextTicket(monitor.get(State.Round)))
  monitor.set(State.Arrived, 0)
}

function isWaiting(monitor: Monitor, at: number): boolean {
  return monitor.get(placeAt(at, 0) + Place.Waiting) > 0
}
