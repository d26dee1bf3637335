import { abortedError } from '../bridge/abort.js'
import { ExecutorClosedError, type ExecutorError, QueueFullError } from '../channel/errors.js'
import { onAbort } from '../channel/on-abort.js'
import { BoundedLoop } from './bounded-loop.js'
import { keepContext } from './call.js'
import { createPoolFuture, type PoolFuture } from './future.js'
import { IdleObservers } from './idle.js'
import type { Nesting } from './nesting.js'
import type { ResolvedPoolOptions } from './options.js'
import { Line } from './queue.js'
import { RateWindow } from './rate.js'
import { Runner, type Totals } from './runner.js'
import { type Call, PoolTask, TaskState } from './task.js'
import { promiseOfCall, promiseOfFuture } from './task-promise.js'
import { timerAfter } from './timer.js'

/** Lets calls in, first come, first served, and starts what it has let in, best first. */
export class Scheduler {
  readonly options: ResolvedPoolOptions
  readonly #loop: BoundedLoop<PoolTask>
  readonly #runner: Runner
  readonly #rate: RateWindow | undefined
  /** Calls that wait to be accepted. */
  readonly #waiters = new Line<PoolTask>()
  readonly #idle = new IdleObservers()
  #lastId = 0
  #isPaused = false
  #isClosed = false
  #isAdvancing = false

  constructor(options: ResolvedPoolOptions) {
    this.options = options
    this.#loop = new BoundedLoop(options.size)
    this.#rate = options.rate && new RateWindow(options.rate)
    this.#runner = new Runner({
      options,
      loop: this.#loop,
      rate: this.#rate,
      onSpace: () => this.#advance(),
      refuse: (task, error) => this.refuse(task, error),
    })
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

  get totals(): Totals {
    return this.#runner.totals
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get nesting(): Nesting | undefined {
    return this.#runner.nesting
  }

  /** @throws {ExecutorClosedError | CancelledError} if the call cannot be accepted any more */
  createTask(call: Call): PoolTask {
    if (this.#isClosed) throw this.#closedError()
    const task = new PoolTask(this.#lastId + 1, this.options.name, call)
    const signal = call.options?.signal
    if (signal?.aborted) throw abortedError(signal.reason, task.label)
    this.#lastId++
    this.nesting?.noteCall()
    return task
  }

  /** The promise is of the result. */
  run(task: PoolTask): Promise<unknown> {
    task.expected = true
    const promise = promiseOfCall(task, this.nesting)
    this.#enter(task)
    return promise
  }

  /** Resolves when the task is accepted. */
  submit(task: PoolTask): Promise<PoolFuture<unknown>> {
    if (this.#enter(task)) return Promise.resolve(createPoolFuture(task, this))
    task.awaitsAcceptance = true
    return promiseOfCall(task, this.nesting) as Promise<PoolFuture<unknown>>
  }

  /** Undefined if the task cannot be accepted at once. */
  trySubmit(task: PoolTask): PoolFuture<unknown> | undefined {
    if (this.#mustWait()) return undefined
    this.#enter(task)
    return createPoolFuture(task, this)
  }

  /** Calls back when an accepted task has settled. How it did stays unread. */
  whenSettled(task: PoolTask, callback: () => void): void {
    task.promise ??= promiseOfFuture(task, this.nesting)
    task.promise.whenSettled(callback)
  }

  /** False if the task had settled already. */
  cancel(task: PoolTask, reason: unknown): boolean {
    if (task.state === TaskState.Refused || task.isSettled) return false
    if (task.state === TaskState.Waiting) this.refuse(task, abortedError(reason, task.label))
    else this.#runner.end(task, TaskState.Cancelled, task.cancelledError(reason))
    return true
  }

  /** Cancels a task unless it has started. */
  withdraw(task: PoolTask): void {
    if (task.state === TaskState.Waiting || task.state === TaskState.Queued) this.cancel(task, undefined)
  }

  /** Ends a task that waits to be accepted, or is queued. */
  refuse(task: PoolTask, error: ExecutorError): void {
    if (task.state !== TaskState.Waiting) {
      this.#runner.end(task, TaskState.Rejected, error)
      return
    }
    this.#waiters.remove(task)
    task.refuse(error)
    this.#advance()
  }

  /** Not after `close`: what has been let in is to end. */
  pause(): void {
    this.#isPaused = !this.#isClosed
    this.#advance()
  }

  resume(): void {
    this.#isPaused = false
    this.#advance()
  }

  resize(size: number): void {
    this.#loop.size = size
    this.#advance()
    this.nesting?.judge()
  }

  /** Resolves when nothing is running, queued or waiting; or with false after `timeout` ms. */
  join(timeout?: number): Promise<boolean> {
    return this.#isIdle() ? Promise.resolve(true) : this.#idle.wait(timeout)
  }

  /** Accepts no new calls; those that wait already will be accepted, and what is accepted will be done. */
  close(cancelPending: boolean): void {
    this.#isClosed = true
    if (cancelPending) {
      this.#refuseWaiters()
      for (const task of this.#loop.queuedTasks()) this.withdraw(task)
    }
    this.resume()
  }

  /** Rejects what is unsettled; running tasks keep their slots until they end. */
  abandon(): void {
    this.#refuseWaiters()
    for (const task of [...this.#loop.queuedTasks(), ...this.#runner.runningTasks]) {
      if (task.isSettled) continue
      const error = new ExecutorClosedError(`${task.label} was abandoned: its pool was shut down`)
      this.#runner.end(task, TaskState.Rejected, error, 'abandoned')
    }
  }

  #refuseWaiters(): void {
    for (const task of [...this.#waiters]) this.refuse(task, this.#closedError())
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
    if (timeout !== undefined)
      task.timer = timerAfter(timeout, () => this.refuse(task, this.#fullError(task, timeout)))
    this.#awaitWindow()
  }

  #accept(task: PoolTask): void {
    task.stopTimer()
    task.state = TaskState.Queued
    this.#loop.enqueue(task)
    if (task.awaitsAcceptance) task.announceAcceptance(createPoolFuture(task, this))
    this.#advance()
  }

  /**
   * Starts what may start and lets in what has space, until neither is left. Called after everything that may free a
   * slot or a place in the queue, or let a task start. Tasks that end or call the pool at once come here again, and
   * leave it to the loop that started them.
   */
  #advance(): void {
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    while (this.#startNext() || this.#acceptNext());
    this.#isAdvancing = false
    this.#awaitWindow()
    if (!this.#isIdle()) return
    this.nesting?.rest()
    this.#idle.notify()
  }

  #startNext(): boolean {
    const task = this.#loop.canStart && this.#mayStart(1) ? this.#loop.next() : undefined
    if (task === undefined) return false
    this.#runner.start(task)
    return true
  }

  #acceptNext(): boolean {
    const task = this.#waiters.first
    if (task === undefined || !this.#hasSpace()) return false
    if (task.isAborted) this.cancel(task, task.options?.signal?.reason)
    else {
      this.#waiters.remove(task)
      this.#accept(task)
    }
    return true
  }

  /** Free slots and tasks for them, but too many starts: no task will end to bring the pool on, so a timer does. */
  #awaitWindow(): void {
    if (this.#rate === undefined) return
    const hasMore = this.queued > 0 || this.#waiters.length > 0
    if (hasMore && this.running < this.size && !this.#isPaused) this.#rate.whenAllowed(() => this.#advance())
    else this.#rate.forget()
  }

  #isIdle(): boolean {
    return this.running === 0 && this.queued === 0 && this.#waiters.length === 0
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
