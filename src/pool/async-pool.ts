import type { ShutdownReport } from '../bridge/executor.js'
import { PoolFace } from './face.js'
import { refuseOwnTask } from './nesting.js'
import {
  type AsyncPoolOptions,
  checkPoolShutdownOptions,
  checkPoolTaskOptions,
  checkSize,
  type PoolShutdownOptions,
  type PoolTaskOptions,
  resolvePoolOptions,
} from './options.js'
import { Scheduler } from './scheduler.js'
import { register, shutdown, shutdownEach } from './shutdown.js'

/** Where the tasks of a pool stand. */
export interface PoolStats {
  /** Calls that wait to be accepted. */
  waiting: number
  /** Accepted tasks waiting to start. */
  queued: number
  /** Tasks that hold a slot; one that timed out or was cancelled holds it until it ends. */
  running: number
  /** Tasks fulfilled so far. */
  completed: number
  /** Tasks rejected so far. */
  failed: number
  /** Tasks cancelled so far. */
  cancelled: number
}

/**
 * Bounded concurrency for code that lives on an event loop: at most `size` calls run at once, at most `queueSize` more
 * are accepted, and further ones wait until they are. Tasks run in the thread of the pool; nothing is copied.
 *
 * @example
 * const pool = new AsyncPool({ size: 100 })
 * for await (const line of lines) await pool.submit(store, line) // waits whenever 200 are under way
 * await pool.shutdown()
 */
export class AsyncPool extends PoolFace implements AsyncDisposable {
  readonly #scheduler: Scheduler

  /**
   * @param options - or a number, which is `size`
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  constructor(options: AsyncPoolOptions | number) {
    const scheduler = new Scheduler(resolvePoolOptions(options))
    super(scheduler, undefined)
    this.#scheduler = scheduler
    register(scheduler)
  }

  get name(): string {
    return this.#scheduler.options.name
  }

  /** Tasks that may run at once; {@link AsyncPool.resize} changes it. */
  get size(): number {
    return this.#scheduler.size
  }

  /** Accepted tasks that may wait to start. */
  get queueSize(): number {
    return this.#scheduler.options.queueSize
  }

  /** Whether `shutdown` has been called. */
  get closed(): boolean {
    return this.#scheduler.isClosed
  }

  get paused(): boolean {
    return this.#scheduler.isPaused
  }

  /**
   * The calls of this pool for tasks with these options. What it returns may be kept and used for many.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @example
   * const page = await pool.with({ priority: 5, timeout: 2_000 }).run(fetchPage, url)
   */
  with(options: PoolTaskOptions): PoolFace {
    return new PoolFace(this.#scheduler, checkPoolTaskOptions(options))
  }

  /**
   * Resolves when no task is running or queued, and no call waits to be accepted. The pool stays open.
   *
   * @returns a promise that rejects with {@link DeadlockError} if a task of this pool called it
   */
  async join(): Promise<void> {
    refuseOwnTask(this.#scheduler.nesting, this.name, 'join()')
    await this.#scheduler.join()
  }

  /**
   * Starts no more tasks until `resume`. Running tasks go on, and calls are accepted while the queue has space. Does
   * nothing after `shutdown`.
   */
  pause(): void {
    this.#scheduler.pause()
  }

  resume(): void {
    this.#scheduler.resume()
  }

  /**
   * Changes how many tasks may run at once. When there are more, none starts until enough of them have ended.
   * `queueSize` stays what it is.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  resize(size: number): void {
    checkSize('size', size)
    this.#scheduler.resize(size)
  }

  /** Where all tasks stand. */
  stats(): PoolStats {
    const { waiting, queued, running, totals } = this.#scheduler
    const { completed, failed, cancelled } = totals
    return { waiting, queued, running, completed, failed, cancelled }
  }

  /**
   * Accepts no calls from now on, except those that wait already, and resolves when all tasks have ended. Resumes a
   * pool that is paused. May be called again.
   *
   * @returns a promise for what became of all tasks of the pool, which rejects, and nothing happens, with
   * - {@link DeadlockError} if a task of this pool called it, without a `timeout`
   * - TypeError ERR_INVALID_ARG_TYPE, RangeError ERR_OUT_OF_RANGE
   */
  async shutdown(options: PoolShutdownOptions = {}): Promise<ShutdownReport> {
    return shutdown(this.#scheduler, checkPoolShutdownOptions(options))
  }

  /** `shutdown()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
  }
}

/**
 * Shuts down every pool that this thread has, wherever it was made, all at the same moment: a task of one that calls
 * another afterwards is refused there. Pools whose tasks call each other are to be shut down one after the other.
 *
 * @returns a promise that rejects as {@link AsyncPool.shutdown} does
 * @example
 * process.once('SIGTERM', () => shutdownAll({ timeout: 10_000 }))
 */
export async function shutdownAll(options: PoolShutdownOptions = {}): Promise<void> {
  await shutdownEach(checkPoolShutdownOptions(options))
}
