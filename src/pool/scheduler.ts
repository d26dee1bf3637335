import { abortedError, onAbort } from '../bridge/abort.js'
import {
  CancelledError,
  type DeadlockError,
  ExecutorClosedError,
  QueueFullError,
  TimeoutError,
} from '../channel/errors.js'
import { BoundedLoop } from './bounded-loop.js'
import { callTask, keepContext } from './call.js'
import { addUnread } from './failures.js'
import { createPoolFuture, type PoolFuture } from './future.js'
import { Nesting } from './nesting.js'
import type { ResolvedPoolOptions } from './options.js'
import { ObservedPromise } from './promise.js'
import { Line } from './queue.js'
import { RateWindow } from './rate.js'
import { type Call, PoolTask, type SettledState, TaskState } from './task.js'

/** Node's timers go no further, 24.8 days; a longer timeout is none. */
const longestTimer = 2 ** 31 - 1

/** How many tasks ended in which way. */
export interface Totals {
  completed: number
  failed: number
  cancelled: number
  /** Settled because the pool was shut down before they were done. */
  abandoned: number
}

const totalOf = {
  [TaskState.Fulfilled]: 'completed',
  [TaskState.Rejected]: 'failed',
  [TaskState.Cancelled]: 'cancelled',
} as const

/** Lets calls in, first come, first served, runs what it has let in, and settles each task once. */
export class Scheduler {
  readonly options: ResolvedPoolOptions
  readonly totals: Totals = { completed: 0, failed: 0, cancelled: 0, abandoned: 0 }
  readonly #loop: BoundedLoop<PoolTask>
  /** Calls that wait to be accepted. */
  readonly #waiters = new Line<PoolTask>()
  readonly #runningTasks = new Line<PoolTask>()
  readonly #rate: RateWindow | undefined
  readonly #idleObservers = new Set<() => void>()
  /** Undefined once the pool is taken for one whose tasks do not call it. */
  #nesting: Nesting | undefined
  #lastId = 0
  #isPaused = false
  #isClosed = false
  #isAdvancing = false

  constructor(options: ResolvedPoolOptions) {
    this.options = options
    this.#loop = new BoundedLoop(options.size)
    this.#rate = options.rate && new RateWindow(options.rate)
    this.#nesting = new Nesting(this)
  }

  get running(): number {
    return this.#loop.running
  }

  get queued(): number {
    return this.#loop.queued
  }

  get waiting(): number {
    return this.#waiters.length
  }

  get size(): number {
    return this.#loop.size
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get nesting(): Nesting | undefined {
    return this.#nesting
  }

  /** @throws {ExecutorClosedError | CancelledError} if the call will not be accepted */
  createTask(call: Call): PoolTask {
    if (this.#isClosed) throw this.#closedError()
    const task = new PoolTask(this.#lastId + 1, this.options.name, call)
    const signal = call.options?.signal
    if (signal?.aborted) throw abortedError(signal.reason, task.label)
    this.#lastId++
    return task
  }

  /** The promise is of the result. */
  run(task: PoolTask): Promise<unknown> {
    task.expected = true
    const promise = this.#promiseFor(task)
    this.#enter(task)
    return promise
  }

  /** Resolves when the task is accepted. */
  submit(task: PoolTask): Promise<PoolFuture<unknown>> {
    if (this.#enter(task)) return Promise.resolve(createPoolFuture(task, this))
    task.awaitsAcceptance = true
    return this.#promiseFor(task) as Promise<PoolFuture<unknown>>
  }

  /** Undefined if the task could not be accepted at once. */
  trySubmit(task: PoolTask): PoolFuture<unknown> | undefined {
    if (this.#mustWait()) return undefined
    this.#enter(task)
    return createPoolFuture(task, this)
  }

  /** False if the task had settled already. */
  cancel(task: PoolTask, reason: unknown): boolean {
    if (task.state === TaskState.Refused || task.isSettled) return false
    if (task.state === TaskState.Waiting) this.refuse(task, abortedError(reason, task.label))
    else {
      const cause = reason === undefined ? undefined : { cause: reason }
      this.#end(task, TaskState.Cancelled, new CancelledError(`${task.label} was cancelled`, cause))
    }
    return true
  }

  /** Cancels it, unless it has started. */
  withdraw(task: PoolTask): void {
    if (task.state === TaskState.Waiting || task.state === TaskState.Queued) this.cancel(task, undefined)
  }

  /** Ends a task that has not started. */
  refuse(task: PoolTask, error: CancelledError | DeadlockError | ExecutorClosedError | QueueFullError): void {
    if (task.state !== TaskState.Waiting) {
      this.#end(task, TaskState.Rejected, error)
      return
    }
    this.#waiters.remove(task)
    task.leave()
    task.state = TaskState.Refused
    task.reject?.(error)
    this.#advance()
  }

  pause(): void {
    this.#isPaused = true
    this.#advance()
  }

  resume(): void {
    this.#isPaused = false
    this.#advance()
  }

  resize(size: number): void {
    this.#loop.size = size
    this.#advance()
    this.#nesting?.judge()
  }

  /** Resolves when nothing is running, queued or waiting; or with false after `timeout` ms. */
  join(timeout?: number): Promise<boolean> {
    if (this.#isIdle()) return Promise.resolve(true)
    return new Promise(resolve => {
      const timer =
        timeout === undefined || timeout > longestTimer ? undefined : setTimeout(() => finish(false), timeout)
      const finish = (isIdle: boolean) => {
        clearTimeout(timer)
        this.#idleObservers.delete(onIdle)
        resolve(isIdle)
      }
      const onIdle = () => finish(true)
      this.#idleObservers.add(onIdle)
    })
  }

  /** Accepts no new calls; those that wait already will be accepted, and what is accepted will be done. */
  close(): void {
    this.#isClosed = true
    this.resume()
  }

  cancelPending(): void {
    for (const task of [...this.#waiters]) this.refuse(task, this.#closedError())
    for (const task of this.#loop.queuedTasks()) this.cancel(task, undefined)
  }

  /** Rejects what is unsettled; running tasks keep their slots until they end. */
  abandon(): void {
    for (const task of [...this.#waiters]) this.refuse(task, this.#closedError())
    for (const task of [...this.#loop.queuedTasks(), ...this.#runningTasks]) {
      if (task.isSettled) continue
      const error = new ExecutorClosedError(`${task.label} was abandoned: its pool was shut down`)
      this.#end(task, TaskState.Rejected, error, 'abandoned')
    }
  }

  /** Whether it was accepted. */
  #enter(task: PoolTask): boolean {
    const signal = task.options?.signal
    if (signal !== undefined) task.stopListening = onAbort(signal, reason => this.cancel(task, reason))
    const mustWait = this.#mustWait()
    if (mustWait) this.#wait(task)
    else this.#accept(task)
    if (task.state === TaskState.Waiting || task.state === TaskState.Queued) keepContext(task)
    return !mustWait
  }

  #mustWait(): boolean {
    return this.#waiters.length > 0 || !this.#hasSpace()
  }

  /** In the queue, or in a free slot that nothing in the queue is going to take. */
  #hasSpace(): boolean {
    const excess = this.queued - this.options.queueSize
    return excess < 0 || (excess < this.size - this.running && this.#mayStart(excess + 1))
  }

  #mayStart(count: number): boolean {
    return !this.#isPaused && (this.#rate === undefined || this.#rate.allows(count))
  }

  #wait(task: PoolTask): void {
    this.#waiters.push(task)
    const timeout = task.options?.submitTimeout
    if (timeout !== undefined && timeout <= longestTimer)
      task.timer = setTimeout(() => this.refuse(task, this.#fullError(task, timeout)), timeout)
    this.#awaitWindow()
  }

  #accept(task: PoolTask): void {
    task.stopTimer()
    task.state = TaskState.Queued
    this.#loop.enqueue(task)
    if (task.awaitsAcceptance) {
      task.resolve?.(createPoolFuture(task, this))
      task.awaitsAcceptance = false
      task.resolve = undefined
      task.reject = undefined
    }
    this.#advance()
  }

  /**
   * Starts what may start and lets in what has space, until neither is left. Tasks that end or submit at once come here
   * again, and leave it to the loop that started them.
   */
  #advance(): void {
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    for (;;) {
      const task = this.#loop.canStart && this.#mayStart(1) ? this.#loop.next() : undefined
      if (task !== undefined) {
        this.#start(task)
        continue
      }
      const waiter = this.#waiters.first
      if (waiter === undefined || !this.#hasSpace()) break
      this.#waiters.remove(waiter)
      this.#accept(waiter)
    }
    this.#isAdvancing = false
    this.#awaitWindow()
    if (this.#isIdle()) this.#rest()
  }

  #start(task: PoolTask): void {
    task.state = TaskState.Running
    task.holdsSlot = true
    this.#runningTasks.push(task)
    const timeout = task.options?.timeout
    if (timeout !== undefined && timeout <= longestTimer)
      task.timer = setTimeout(() => this.#timeOut(task, timeout), timeout)
    this.#rate?.beginStart()
    let value: unknown
    let promise: Promise<unknown> | undefined
    try {
      value = callTask(task, this.#nesting)
      if (isThenable(value)) promise = Promise.resolve(value)
    } catch (error) {
      this.#release(task, TaskState.Rejected, error)
      return
    } finally {
      this.#rate?.endStart()
    }
    if (promise === undefined) this.#release(task, TaskState.Fulfilled, value)
    else
      promise.then(
        result => this.#release(task, TaskState.Fulfilled, result),
        error => this.#release(task, TaskState.Rejected, error),
      )
  }

  /** Gives back the slot of a task whose function has ended, and settles it if nothing else has. */
  #release(task: PoolTask, state: SettledState, value: unknown): void {
    this.#loop.release()
    this.#runningTasks.remove(task)
    task.holdsSlot = false
    if (task.state === TaskState.Running) this.#settle(task, state, value)
    this.#nesting?.end(task)
    if (this.#nesting?.isOver) {
      this.#nesting.rest()
      this.#nesting = undefined
    }
    this.#advance()
  }

  #timeOut(task: PoolTask, timeout: number): void {
    const message = `${task.label} took longer than its timeout of ${timeout} ms`
    this.#end(task, TaskState.Rejected, new TimeoutError(message))
  }

  /** Settles a task that has not ended: one in the queue leaves it, one that runs hears of it by its signal. */
  #end(task: PoolTask, state: SettledState, error: Error, total?: keyof Totals): void {
    const isRunning = task.state === TaskState.Running
    if (!isRunning) this.#loop.remove(task)
    this.#settle(task, state, error, total)
    if (isRunning) task.abort(error)
    else this.#advance()
  }

  #settle(task: PoolTask, state: SettledState, value: unknown, total: keyof Totals = totalOf[state]): void {
    task.settle(state, value)
    this.totals[total]++
    if (state === TaskState.Rejected && !task.expected) addUnread(task, this.options.onError)
  }

  /** For the task, or for its acceptance. Whoever awaits it in another task of this pool is known to wait for the pool. */
  #promiseFor(task: PoolTask): Promise<unknown> {
    const nesting = this.#nesting
    const executor = (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => {
      task.resolve = resolve
      task.reject = reject
    }
    if (nesting?.caller === undefined) return new Promise(executor)
    const promise: ObservedPromise<unknown> = ObservedPromise.create(executor, forValue => {
      if (forValue) nesting.wait(task, promise)
    })
    return promise
  }

  /** Free slots and tasks for them, but too many starts: no task will end to bring the pool on, so a timer does. */
  #awaitWindow(): void {
    if (this.#rate === undefined) return
    const isHeldBack =
      !this.#isPaused && this.running < this.size && (this.queued > 0 || this.#waiters.length > 0)
    if (isHeldBack) this.#rate.whenAllowed(() => this.#advance())
    else this.#rate.forget()
  }

  #isIdle(): boolean {
    return this.running === 0 && this.queued === 0 && this.#waiters.length === 0
  }

  #rest(): void {
    this.#nesting?.rest()
    for (const observer of [...this.#idleObservers]) observer()
  }

  #closedError(): ExecutorClosedError {
    return new ExecutorClosedError(`pool '${this.options.name}' has been shut down and accepts no tasks`)
  }

  #fullError(task: PoolTask, waited: number): QueueFullError {
    return new QueueFullError(
      `no queue space for ${task.name} in pool '${this.options.name}' after ${waited} ms: ` +
        `${this.running} running (size ${this.size}), ${this.queued} queued (queueSize ${this.options.queueSize})`,
    )
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
