import type { Scheduler } from './scheduler.js'
import { type PoolTask, TaskState } from './task.js'
import { promiseOfFuture } from './task-promise.js'

export type PoolFutureState = 'queued' | 'running' | 'fulfilled' | 'rejected' | 'cancelled'

const stateNames: Record<TaskState, PoolFutureState> = {
  [TaskState.Waiting]: 'queued',
  [TaskState.Refused]: 'cancelled',
  [TaskState.Queued]: 'queued',
  [TaskState.Running]: 'running',
  [TaskState.Fulfilled]: 'fulfilled',
  [TaskState.Rejected]: 'rejected',
  [TaskState.Cancelled]: 'cancelled',
}

export let createPoolFuture: (task: PoolTask, scheduler: Scheduler) => PoolFuture<unknown>

/** A task that a pool has accepted. Deliberately not a thenable: `await` is for its {@link PoolFuture.promise}. */
export class PoolFuture<T> {
  readonly #task: PoolTask
  readonly #scheduler: Scheduler

  private constructor(task: PoolTask, scheduler: Scheduler) {
    this.#task = task
    this.#scheduler = scheduler
  }

  /** Counts up within the pool. */
  get id(): number {
    return this.#task.id
  }

  get state(): PoolFutureState {
    return stateNames[this.#task.state]
  }

  /**
   * The outcome. A failure that nobody waits for does not end the process as an unhandled rejection, so futures may be
   * collected and looked at later; one that nobody ever looks at is reported as the pool's `onError` says.
   *
   * @example
   * const futures = []
   * for (const url of urls) futures.push(await pool.submit(fetchPage, url))
   * const pages = await Promise.all(futures.map(future => future.promise))
   */
  get promise(): Promise<T> {
    const task = this.#task
    task.promise ??= promiseOfFuture(task, this.#scheduler.nesting)
    return task.promise as Promise<T>
  }

  /**
   * A task that is queued will never start. One that is running has its signal aborted and keeps its slot until it
   * ends; its outcome is dropped. Either way the promise rejects with CancelledError at once.
   *
   * @param reason - becomes the `cause` of the CancelledError
   * @returns false if the task had settled already
   */
  cancel(reason?: unknown): boolean {
    return this.#scheduler.cancel(this.#task, reason)
  }

  static {
    createPoolFuture = (task, scheduler) => new PoolFuture(task, scheduler)
  }
}
