import { type DeadlockError, TimeoutError } from '../channel/errors.js'
import type { BoundedLoop } from './bounded-loop.js'
import { callTask, isThenable } from './call.js'
import { addUnread } from './failures.js'
import { Nesting } from './nesting.js'
import type { ResolvedPoolOptions } from './options.js'
import { Line } from './queue.js'
import type { RateWindow } from './rate.js'
import { type PoolTask, type SettledState, TaskState } from './task.js'
import { timerAfter } from './timer.js'

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

export interface RunnerOptions {
  readonly options: ResolvedPoolOptions
  readonly loop: BoundedLoop<PoolTask>
  readonly rate: RateWindow | undefined
  /** A slot is free, or a place in the queue. */
  readonly onSpace: () => void
  readonly refuse: (task: PoolTask, error: DeadlockError) => void
}

/** Runs the tasks that have a slot, and settles each accepted task once. */
export class Runner {
  readonly totals: Totals = { completed: 0, failed: 0, cancelled: 0, abandoned: 0 }
  readonly #options: ResolvedPoolOptions
  readonly #loop: BoundedLoop<PoolTask>
  readonly #rate: RateWindow | undefined
  readonly #onSpace: () => void
  readonly #running = new Line<PoolTask>()
  #nesting: Nesting | undefined

  constructor({ options, loop, rate, onSpace, refuse }: RunnerOptions) {
    this.#options = options
    this.#loop = loop
    this.#rate = rate
    this.#onSpace = onSpace
    this.#nesting = new Nesting({ loop, refuse })
  }

  /** Undefined once the pool is taken for one whose tasks do not call it. */
  get nesting(): Nesting | undefined {
    return this.#nesting
  }

  /** A copy. */
  get runningTasks(): PoolTask[] {
    return [...this.#running]
  }

  /** Calls the function of a task that the loop has given a slot. */
  start(task: PoolTask): void {
    task.state = TaskState.Running
    task.holdsSlot = true
    this.#running.push(task)
    if (task.isAborted) {
      this.#release(task, TaskState.Cancelled, task.cancelledError(task.options?.signal?.reason))
      return
    }
    const timeout = task.options?.timeout
    if (timeout !== undefined) task.timer = timerAfter(timeout, () => this.#timeOut(task, timeout))
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

  /** Settles a task that has not ended: one in the queue leaves it, one that runs hears of it by its signal. */
  end(task: PoolTask, state: SettledState, error: Error, total?: keyof Totals): void {
    const isRunning = task.state === TaskState.Running
    if (!isRunning) this.#loop.remove(task)
    this.#settle(task, state, error, total)
    if (isRunning) task.abort(error)
    else this.#onSpace()
  }

  /** Gives back the slot of a task whose function has ended, and settles it if nothing else has. */
  #release(task: PoolTask, state: SettledState, value: unknown): void {
    this.#loop.release()
    this.#running.remove(task)
    task.holdsSlot = false
    if (task.state === TaskState.Running) this.#settle(task, state, value)
    if (this.#nesting !== undefined) this.#endWatch(this.#nesting, task)
    this.#onSpace()
  }

  #endWatch(nesting: Nesting, task: PoolTask): void {
    nesting.end(task)
    if (!nesting.isOver) return
    nesting.rest()
    this.#nesting = undefined
  }

  #timeOut(task: PoolTask, timeout: number): void {
    const message = `${task.label} took longer than its timeout of ${timeout} ms`
    this.end(task, TaskState.Rejected, new TimeoutError(message))
  }

  #settle(task: PoolTask, state: SettledState, value: unknown, total: keyof Totals = totalOf[state]): void {
    task.settle(state, value)
    this.totals[total]++
    if (state === TaskState.Rejected && !task.expected) addUnread(task, this.#options.onError)
  }
}
