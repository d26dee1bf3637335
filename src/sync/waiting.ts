import { isOver } from '../bridge/deadline.js'
import { longestTimer, now } from '../channel/clock.js'
import { CancelledError } from '../channel/errors.js'
import { whileBlocked } from '../channel/threads.js'
import { onAbort } from './aborts.js'
import { Bell } from './layout.js'
import type { Monitor } from './monitor.js'
import type { Waiter } from './waiters.js'

/*
 * How threads wait for a primitive, blocked or in their event loop.
 *
 * Nothing is ever handed to a waiter. Each looks by itself, under the latch, whether it can go on (`attempt`), and if
 * so takes what it came for in the same change. So there is nothing that a timeout, an abort or a death could lose
 * on its way: who gives up just leaves the line. Whether one can go on depends on how many come before it, so that
 * the order is kept, and nobody who comes later can slip in.
 *
 * No wake-up is lost, because whenever the latch is free this holds: a slot whose bell is `Asleep` has nobody who
 * could go on. A thread sets its bell to `Asleep` under the latch, after it has looked (`show`). And each change
 * ends with `settle`, still under the latch, which rings those whom the change lets go on. To ring is to change the
 * bell, and to notify when the latch is free. If that comes between the sleeper's last look and its sleep, then it
 * does not sleep: Atomics.wait and waitAsync return at once if the bell is no longer `Asleep`.
 *
 * If a thread ends before it has rung or notified, or without having given back what it holds, there is no wake-up.
 * So nobody sleeps for longer than a slice: then it looks after the others (`lookAfterOthers`) and for itself.
 */

/** How long a waiter goes without a look, in ms. */
const slice = 50

export const notYet = Symbol('not yet')
export type NotYet = typeof notYet

/** What one call waits for. */
export interface Request<T> {
  readonly monitor: Monitor
  readonly line: number
  /**
   * Under the latch: takes what is waited for, if it is there for one who has `ahead` others before it. Before it has
   * changed anything it may throw instead, which ends the wait.
   */
  attempt(ahead: number): T | NotYet
  /** What the wait ends with when its time is up. */
  timedOut(waited: number): Error
  /** Called once, outside the latch, when the place in the line is taken and before the first sleep. */
  entered?(): void
  /** Under the latch: the wait ends without an outcome. */
  left?(): void
  /** What `settle` must know of it, in the slot's word `Mark`. */
  readonly demand?: number
}

export interface AsyncWaitOptions {
  /** ms to wait at most; 0 only looks. @defaultValue no limit */
  timeout?: number
  /** Ends the wait when it is aborted. */
  signal?: AbortSignal
}

/** Looks once. */
export function attemptOnce<T>({ monitor, line, attempt, left }: Request<T>): T | NotYet {
  const look = () =>
    monitor.change(() => {
      const outcome = attempt(monitor.ahead(line, undefined))
      if (outcome === notYet) left?.()
      return outcome
    })
  const outcome = look()
  return outcome === notYet && monitor.lookAfterOthers() ? look() : outcome
}

/**
 * Blocks until the attempt succeeds. Woken by whoever makes that possible; see above.
 *
 * @param deadline - on the clock of `now()`
 */
export function block<T>(request: Request<T>, deadline: number): T {
  const { monitor, line } = request
  const start = now()
  if (isOver(deadline)) return outcomeOrThrow(attemptOnce(request), request, start)
  let outcome = monitor.change(() => {
    const first = request.attempt(monitor.ahead(line, undefined))
    if (first === notYet) monitor.stepIn(line, request.demand)
    return first
  })
  if (outcome !== notYet) return outcome
  let isInLine = true
  try {
    request.entered?.()
    monitor.lookAfterOthers()
    while (isInLine) {
      sleep(monitor, deadline)
      const isLast = isOver(deadline)
      outcome = lookAgain(request, isLast)
      isInLine = outcome === notYet && !isLast
    }
  } finally {
    if (isInLine) monitor.change(() => leave(request))
  }
  return outcomeOrThrow(outcome, request, start)
}

function sleep(monitor: Monitor, deadline: number): void {
  const limit = Math.min(slice, deadline - now())
  if (Atomics.wait(monitor.words, monitor.bell, Bell.Asleep, limit) !== 'timed-out') return
  for (const look of whileBlocked) look()
  monitor.rules.lookAround?.()
  monitor.lookAfterOthers()
}

function lookAgain<T>(request: Request<T>, isLast: boolean): T | NotYet {
  const { monitor, line } = request
  return monitor.change(() => {
    const outcome = request.attempt(monitor.ahead(line, monitor.blockedTicket))
    if (outcome !== notYet) monitor.stepOut()
    else if (isLast) leave(request)
    else monitor.show()
    return outcome
  })
}

function leave<T>({ monitor, left }: Request<T>): void {
  left?.()
  monitor.stepOut()
}

function outcomeOrThrow<T>(outcome: T | NotYet, request: Request<T>, start: number): T {
  if (outcome === notYet) throw request.timedOut(now() - start)
  return outcome
}

/**
 * Waits in the event loop, which it keeps alive meanwhile.
 *
 * @throws {CancelledError} if the signal is aborted
 */
export async function waitAsync<T>(request: Request<T>, options: AsyncWaitOptions): Promise<T> {
  const { signal, timeout } = options
  const { monitor, line } = request
  const start = now()
  if (signal?.aborted) throw cancelled(signal)
  if (timeout === 0) return outcomeOrThrow(attemptOnce(request), request, start)
  return new Promise<T>((resolve, reject) => {
    const waiter = new AsyncWaiter(request, resolve, reject)
    const goesOn = monitor.change(() => {
      if (waiter.goesOn(monitor.ahead(line, undefined))) return true
      waiter.ticket = monitor.slots.drawTicket(line)
      monitor.lines[line]?.push(waiter)
      monitor.show()
      return false
    })
    if (goesOn) {
      waiter.settle()
      return
    }
    keepLooking(monitor)
    try {
      waiter.limit(options, start)
      request.entered?.()
    } catch (error) {
      waiter.giveUp(() => error) // or what it waits for would be taken for nobody
      return
    }
    if (!arm(monitor)) collect(monitor)
    monitor.lookAfterOthers()
  })
}

class AsyncWaiter<T> implements Waiter {
  ticket = 0
  previous: Waiter | undefined
  next: Waiter | undefined
  readonly #request: Request<T>
  readonly #resolve: (outcome: T) => void
  readonly #reject: (error: unknown) => void
  #end: () => void = () => {}
  #timer: NodeJS.Timeout | undefined
  #unlisten: (() => void) | undefined
  #isWaiting = true

  constructor(request: Request<T>, resolve: (outcome: T) => void, reject: (error: unknown) => void) {
    this.#request = request
    this.#resolve = resolve
    this.#reject = reject
  }

  goesOn(ahead: number): boolean {
    try {
      const outcome = this.#request.attempt(ahead)
      if (outcome === notYet) return false
      this.#end = () => this.#resolve(outcome)
    } catch (error) {
      this.#end = () => this.#reject(error)
    }
    this.#isWaiting = false
    return true
  }

  get demand(): number | undefined {
    return this.#request.demand
  }

  settle(): void {
    clearTimeout(this.#timer)
    this.#unlisten?.()
    this.#end()
  }

  limit({ timeout, signal }: AsyncWaitOptions, start: number): void {
    if (timeout !== undefined && timeout <= longestTimer)
      this.#timer = setTimeout(() => {
        collect(this.#request.monitor) // it may be its turn, and only its thread may have been too busy to see
        this.giveUp(() => this.#request.timedOut(now() - start))
      }, timeout)
    if (signal === undefined) return
    this.#unlisten = onAbort(signal, () => this.giveUp(() => cancelled(signal)))
  }

  giveUp(error: () => unknown): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    const { monitor, line, left } = this.#request
    monitor.change(() => {
      monitor.lines[line]?.remove(this)
      left?.()
      monitor.show()
    })
    stopLookingIfIdle(monitor)
    this.#end = () => this.#reject(error())
    this.settle()
  }
}

function cancelled(signal: AbortSignal): CancelledError {
  return new CancelledError('the wait was cancelled', { cause: signal.reason })
}

/** Settles the waiters of this thread that can go on, and makes sure to be woken for the others. */
export function collect(monitor: Monitor): void {
  if (!monitor.hasWaiters) return
  const settled: Waiter[] = []
  do {
    monitor.change(() => {
      for (const [line, waiters] of monitor.lines.entries())
        for (let { first } = waiters; first?.goesOn(monitor.ahead(line, first.ticket)); { first } = waiters) {
          waiters.remove(first)
          settled.push(first)
        }
      monitor.show()
    })
  } while (!arm(monitor))
  stopLookingIfIdle(monitor)
  for (const waiter of settled) waiter.settle()
}

/**
 * At most one waitAsync is pending for each slot: more would leak. It stays from one sleep to the next, unless the
 * bell was notified; then `collect` is on its way, and finds whatever has changed since.
 *
 * @returns false if the bell has been rung already
 */
function arm(monitor: Monitor): boolean {
  if (!monitor.hasWaiters || monitor.onRung !== undefined) return true
  const wait = Atomics.waitAsync(monitor.words, monitor.bell, Bell.Asleep)
  if (!wait.async) return false
  const onRung = () => collect(monitor)
  monitor.onRung = onRung
  wait.value.then(() => {
    if (monitor.onRung !== onRung) return // of a slot that has been given up
    monitor.onRung = undefined
    collect(monitor)
  })
  return true
}

/** The monitors on which this thread waits in its event loop. */
const looking = new Set<Monitor>()
let timer: NodeJS.Timeout | undefined

/** A pending waitAsync does not keep the event loop alive; this does, and looks once in a slice. */
function keepLooking(monitor: Monitor): void {
  looking.add(monitor)
  timer ??= setInterval(() => {
    for (const one of [...looking]) {
      one.rules.lookAround?.()
      one.lookAfterOthers()
      collect(one)
    }
  }, slice)
}

function stopLookingIfIdle(monitor: Monitor): void {
  if (monitor.hasWaiters) return
  looking.delete(monitor)
  if (looking.size > 0) return
  clearInterval(timer)
  timer = undefined
}
