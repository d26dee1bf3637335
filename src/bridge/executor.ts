import { now } from '../channel/clock.js'
import { callerFile } from './base.js'
import { deadlineOf, never } from './deadline.js'
import { Dispatcher } from './dispatcher.js'
import { giveUp } from './exit.js'
import { type FunctionName, FunctionNames, type ModulePath } from './function-names.js'
import { createFuture, type Future } from './future.js'
import { identify } from './identity.js'
import { mapInOrder } from './map.js'
import { checkMapOptions, checkShutdownOptions, checkTaskOptions } from './option-checks.js'
import { type ExecutorOptions, type MapOptions, resolveOptions, type TaskOptions } from './options.js'
import { type ExecutorStats, statsOf } from './stats.js'
import type { Task } from './task.js'
import { invalidType } from './validate.js'

// biome-ignore lint/suspicious/noExplicitAny: parameters of a function type are only inferred from `any`
export type TaskFunction = (...args: any[]) => unknown

export interface ShutdownOptions {
  /** Block until every accepted task is settled and the worker has ended. @defaultValue true */
  wait?: boolean
  /** Cancel tasks that have not started. @defaultValue false */
  cancelPending?: boolean
  /** ms to wait at most; then the worker is killed and what is unsettled is rejected. @defaultValue no limit */
  timeout?: number
}

/** What became of the tasks of an executor, from its first to its last. */
export interface ShutdownReport {
  completed: number
  failed: number
  cancelled: number
  /** Unsettled when `timeout` passed; their futures are rejected with ExecutorClosedError. */
  abandoned: number
}

/**
 * Runs async functions from synchronous code: tasks run in one worker thread, at most `size` at once and at most
 * `queueSize` waiting. The worker starts with the first task. Everything accepted is done before the process ends.
 *
 * @example
 * const executor = new AsyncPoolExecutor({ size: 100 })
 * const futures = urls.map(url => executor.submit('./tasks.js', 'fetchPage', [url]))
 * for (const future of futures) console.log(future.result().length)
 */
export class AsyncPoolExecutor implements Disposable {
  readonly #dispatcher: Dispatcher
  readonly #functions: FunctionNames

  /**
   * @param options - or a number, which is `size`
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  constructor(options?: ExecutorOptions | number) {
    const file = callerFile(new.target, AsyncPoolExecutor)
    const resolved = resolveOptions(options, file)
    this.#dispatcher = new Dispatcher(resolved, identify(file, resolved.name))
    this.#functions = new FunctionNames(resolved.base)
  }

  get name(): string {
    return this.#dispatcher.name
  }

  /** Tasks that may run at once. */
  get size(): number {
    return this.#dispatcher.options.size
  }

  /** Accepted tasks that may wait to start. */
  get queueSize(): number {
    return this.#dispatcher.options.queueSize
  }

  /** Whether `shutdown` has been called. */
  get closed(): boolean {
    return this.#dispatcher.closed
  }

  /**
   * Hands a task to the worker: a call of an exported function, async or not, with a copy of the arguments. Blocks
   * while `queueSize` tasks wait to start; does not wait for the task itself.
   *
   * @param modulePath - absolute path, `file:` URL, package name, `node:` builtin, or './relative' to `base`
   * @param fnName - an export of that module, or a property of what it exports by default
   * @param args - copied as `structuredClone` does it
   * @throws {NotCloneableError} if an argument cannot be copied; says which
   * @throws {QueueFullError} if `submitTimeout` passes
   * @throws {ExecutorClosedError} after `shutdown`
   * @throws {BrokenExecutorError} after the worker died too often
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * In each case nothing has been accepted.
   * @example
   * const future = executor.submit('node:fs/promises', 'readFile', ['notes.txt', 'utf8'])
   * console.log(future.result())
   */
  submit<F extends TaskFunction>(
    modulePath: ModulePath,
    fnName: string,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Future<Awaited<ReturnType<F>>> {
    const task = this.#submit(modulePath, fnName, args, options)
    return createFuture(task) as Future<Awaited<ReturnType<F>>>
  }

  /**
   * As {@link AsyncPoolExecutor.submit}, but never blocks: undefined when all slots are taken and the queue is full.
   */
  trySubmit<F extends TaskFunction>(
    modulePath: ModulePath,
    fnName: string,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Future<Awaited<ReturnType<F>>> | undefined {
    const fn = this.#check(modulePath, fnName, args, options)
    const task = this.#dispatcher.trySubmit(fn, args ?? [], options)
    if (task === undefined) return undefined
    return createFuture(task) as Future<Awaited<ReturnType<F>>>
  }

  /**
   * Runs a task and blocks for its value: `submit(…).result()`.
   *
   * @throws what `submit` throws, and whatever the task throws
   * @example
   * const page = executor.run<typeof import('./tasks.js').fetchPage>('./tasks.js', 'fetchPage', [url])
   */
  run<F extends TaskFunction>(
    modulePath: ModulePath,
    fnName: string,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Awaited<ReturnType<F>> {
    const task = this.#submit(modulePath, fnName, args, options)
    task.expected = true
    this.#dispatcher.await(task, never)
    return task.read() as Awaited<ReturnType<F>>
  }

  /**
   * Calls `fn(item)` for each item and gives the results in the order of the items. Lazy: items are read, and tasks
   * submitted, as results are asked for, `lookAhead` of them ahead. Asking blocks until the result is there. Leaving
   * the loop early cancels what has not started.
   *
   * @throws the error of a failed task, when its position is reached; what `submit` throws
   * @example
   * for (const page of executor.map('./tasks.js', 'fetchPage', urls)) console.log(page.title)
   */
  map<T, R>(
    modulePath: ModulePath,
    fnName: string,
    items: Iterable<T>,
    options: MapOptions = {},
  ): IterableIterator<R> {
    checkMapOptions(options)
    const { lookAhead = this.size + this.queueSize, ...taskOptions } = options
    const fn = this.#check(modulePath, fnName, undefined, taskOptions)
    if (typeof (items as Iterable<T> | undefined)?.[Symbol.iterator] !== 'function')
      throw invalidType('items', 'an iterable', items)
    const dispatcher = this.#dispatcher
    return mapInOrder({ dispatcher, fn, items, options: taskOptions, lookAhead }) as IterableIterator<R>
  }

  /**
   * Blocks until nothing is queued or running; a task that was cancelled or timed out runs until it ends. The
   * executor stays open.
   *
   * @param timeout - ms to wait at most. @defaultValue no limit
   * @returns false if the time was up first
   */
  join(timeout?: number): boolean {
    return this.#dispatcher.join(deadlineOf('timeout', timeout))
  }

  /**
   * Accepts nothing from now on and, by default, blocks until every accepted task is settled and the worker has ended.
   * With `wait: false` it returns at once, and the worker ends by itself after the last task. May be called again.
   */
  shutdown(options: ShutdownOptions = {}): ShutdownReport {
    checkShutdownOptions(options)
    const dispatcher = this.#dispatcher
    const start = now()
    const deadline = deadlineOf('options.timeout', options.timeout)
    dispatcher.stopAccepting()
    if (options.cancelPending === true) dispatcher.cancelPending()
    if (options.wait !== false) {
      if (dispatcher.drain(deadline)) dispatcher.closeWorker(deadline)
      else giveUp(dispatcher, now() - start)
    }
    const { completed, failed, cancelled, abandoned } = dispatcher.ledger.totals
    return { completed, failed, cancelled, abandoned }
  }

  /** Where all tasks stand. Does not block. */
  stats(): ExecutorStats {
    return statsOf(this.#dispatcher)
  }

  /** `shutdown()`, for `using`. */
  [Symbol.dispose](): void {
    this.shutdown()
  }

  #submit(
    modulePath: ModulePath,
    fnName: string,
    args: readonly unknown[] | undefined,
    options: TaskOptions | undefined,
  ): Task {
    const fn = this.#check(modulePath, fnName, args, options)
    return this.#dispatcher.submit(fn, args ?? [], options)
  }

  #check(
    modulePath: ModulePath,
    fnName: string,
    args: readonly unknown[] | undefined,
    options: TaskOptions | undefined,
  ): FunctionName {
    if (args !== undefined && !Array.isArray(args)) throw invalidType('args', 'an array', args)
    if (options !== undefined) checkTaskOptions(options)
    return this.#functions.find(modulePath, fnName)
  }
}
