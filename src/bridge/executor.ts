import { now } from '../channel/clock.js'
import { callerFile } from './base.js'
import { mapCall, type Target, taskCall } from './call.js'
import { deadlineOf, never } from './deadline.js'
import { Dispatcher } from './dispatcher.js'
import { giveUp } from './exit.js'
import { FunctionNames, type ModulePath, type TaskFunction } from './function-names.js'
import { createFuture, type Future } from './future.js'
import { identify } from './identity.js'
import { mapInOrder } from './map.js'
import { createFacade, type ModuleFacade } from './module-facade.js'
import { checkShutdownOptions, checkTaskOptions } from './option-checks.js'
import { type ExecutorOptions, type MapOptions, resolveOptions, type TaskOptions } from './options.js'
import { type ExecutorStats, statsOf } from './stats.js'
import type { Task } from './task.js'

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
  ): Future<Awaited<ReturnType<F>>>
  /**
   * Hands over a call of the function itself, which travels as its source text: without the variables around it, and
   * with `this` undefined. `import()` in it, and `require`, resolve from `base`.
   *
   * @throws {TypeError} ERR_INVALID_ARG_VALUE for what cannot travel: native and bound functions, classes, getters
   * @example
   * const future = executor.submit(async url => (await fetch(url)).status, [url])
   */
  submit<F extends TaskFunction>(
    fn: F,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Future<Awaited<ReturnType<F>>>
  submit(target: Target, second?: unknown, third?: unknown, fourth?: unknown): Future<unknown> {
    return createFuture(this.#submit(target, second, third, fourth))
  }

  /**
   * As {@link AsyncPoolExecutor.submit}, but never blocks: undefined when all slots are taken and the queue is full.
   */
  trySubmit<F extends TaskFunction>(
    modulePath: ModulePath,
    fnName: string,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Future<Awaited<ReturnType<F>>> | undefined
  /** With the function itself instead of its address. */
  trySubmit<F extends TaskFunction>(
    fn: F,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Future<Awaited<ReturnType<F>>> | undefined
  trySubmit(
    target: Target,
    second?: unknown,
    third?: unknown,
    fourth?: unknown,
  ): Future<unknown> | undefined {
    const { fn, args, options } = taskCall(this.#functions, target, second, third, fourth)
    const task = this.#dispatcher.trySubmit(fn, args, options)
    return task && createFuture(task)
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
  ): Awaited<ReturnType<F>>
  /**
   * With the function itself instead of its address.
   *
   * @example
   * const text = executor.run(async url => (await fetch(url)).text(), [url])
   */
  run<F extends TaskFunction>(fn: F, args?: Parameters<F>, options?: TaskOptions): Awaited<ReturnType<F>>
  run(target: Target, second?: unknown, third?: unknown, fourth?: unknown): unknown {
    const task = this.#submit(target, second, third, fourth)
    task.expected = true
    this.#dispatcher.await(task, never)
    return task.read()
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
    options?: MapOptions,
  ): IterableIterator<R>
  /** With the function itself instead of its address. */
  map<T, R>(fn: (item: T) => R, items: Iterable<T>, options?: MapOptions): IterableIterator<Awaited<R>>
  map(target: Target, second?: unknown, third?: unknown, fourth?: unknown): IterableIterator<unknown> {
    const { fn, items, options = {} } = mapCall(this.#functions, target, second, third, fourth)
    const { lookAhead = this.size + this.queueSize, ...taskOptions } = options
    return mapInOrder({ dispatcher: this.#dispatcher, fn, items, options: taskOptions, lookAhead })
  }

  /**
   * The functions of a module by their names, typed by the module: `tasks.run.fetchPage(url)` is
   * `run('./tasks.js', 'fetchPage', [url])`. Nothing is loaded before the first call.
   *
   * @typeParam M - the type of the module: `typeof import('./tasks.js')`
   * @param options - for every call through the facade
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @example
   * const tasks = executor.module<typeof import('./tasks.js')>('./tasks.js')
   * const page = tasks.run.fetchPage(url)
   * const futures = urls.map(url => tasks.submit.fetchPage(url))
   */
  module<M>(modulePath: ModulePath, options?: TaskOptions): ModuleFacade<M> {
    this.#functions.checkModule(modulePath)
    if (options !== undefined) checkTaskOptions(options)
    return createFacade<M>(this, String(modulePath), options)
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

  #submit(target: Target, second: unknown, third: unknown, fourth: unknown): Task {
    const { fn, args, options } = taskCall(this.#functions, target, second, third, fourth)
    return this.#dispatcher.submit(fn, args, options)
  }
}
