import { now } from '../channel/clock.js'
import type { ExecutorHandle } from '../channel/sharing.js'
import { invalidType } from '../channel/validate.js'
import type { Remote } from '../comlink-types.js'
import { Attachment } from './attachment.js'
import { callerFile, callerFileOf } from './base.js'
import { mapCall, streamCall, type Target, taskCall } from './call.js'
import { deadlineOf, never } from './deadline.js'
import { Dispatcher } from './dispatcher.js'
import { giveUp } from './exit.js'
import { FunctionNames, type ModulePath, type TaskFunction } from './function-names.js'
import { createFuture, type Future } from './future.js'
import { identify } from './identity.js'
import { type MapRequest, mapBlocking } from './map.js'
import { mapLater } from './map-async.js'
import { createFacade, type ModuleFacade, type Streamed } from './module-facade.js'
import { checkShutdownOptions, checkTaskOptions } from './option-checks.js'
import {
  type AttachOptions,
  type ExecutorOptions,
  type MapOptions,
  resolveOptions,
  type StreamOptions,
  type TaskOptions,
} from './options.js'
import { Remotes } from './remote.js'
import { type ExecutorStats, statsOf } from './stats.js'
import { streamBlocking, streamLater } from './stream.js'
import { appendSite, recordSite, siteOf } from './submit-site.js'
import { TaskState } from './task.js'

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
export class AsyncPoolExecutor implements Disposable, AsyncDisposable {
  readonly #dispatcher: Dispatcher
  readonly #functions: FunctionNames

  /**
   * @param options - or a number, which is `size`
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   */
  constructor(options?: ExecutorOptions | number) {
    if (options instanceof Attachment) {
      this.#dispatcher = new Dispatcher(options.options, options.shared.identity, options)
      this.#functions = new FunctionNames(options.options.base)
      return
    }
    const file = callerFile(new.target, AsyncPoolExecutor)
    const resolved = resolveOptions(options, file)
    this.#dispatcher = new Dispatcher(resolved, identify(file, resolved.name))
    this.#functions = new FunctionNames(resolved.base)
  }

  /**
   * Makes an executor of this thread out of a handle that another thread gave it: it uses that executor's worker, and
   * its tasks count to the same `size` and `queueSize`. Callers that wait for space are let in in their order. Arguments
   * and results are copied, never moved. If the worker dies, the owner replaces it, when it waits for the executor
   * itself or its event loop turns. The thread that owns the executor must outlive the others.
   *
   * @param options - what this thread decides by itself
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @example
   * const executor = AsyncPoolExecutor.attach(workerData.handle)
   */
  static attach(handle: ExecutorHandle, options: AttachOptions = {}): AsyncPoolExecutor {
    const attachment = new Attachment(handle, options, callerFileOf(AsyncPoolExecutor.attach))
    return new AsyncPoolExecutor(attachment as never)
  }

  /**
   * Plain data for {@link AsyncPoolExecutor.attach} in other threads of this process, to be sent there in any way, and to
   * any number of them. Starts the worker. Does not block.
   *
   * @throws {ExecutorClosedError} after `shutdown`
   * @example
   * const worker = new Worker('./plugin.js', { workerData: { handle: executor.handle() } })
   */
  handle(): ExecutorHandle {
    return { asyncPoolExecutor: this.#dispatcher.share() }
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
    const call = taskCall(this.#functions, target, second, third, fourth)
    call.site = recordSite(this.submit)
    return createFuture(this.#dispatcher.submit(call))
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
    const call = taskCall(this.#functions, target, second, third, fourth)
    call.site = recordSite(this.trySubmit)
    const task = this.#dispatcher.trySubmit(call)
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
    this.#dispatcher.refuseInCallback(never)
    const call = taskCall(this.#functions, target, second, third, fourth)
    call.isExpected = true
    const task = this.#dispatcher.submit(call)
    this.#dispatcher.await(task, never)
    if (task.state === TaskState.Rejected) appendSite(task.value, siteOf(this.run))
    return task.read()
  }

  /**
   * As {@link AsyncPoolExecutor.submit} for code on an event loop, which it does not block: resolves when the task is
   * accepted, first come, first served, and keeps the process alive until then.
   *
   * @returns a promise that rejects with what `submit` throws, and with {@link CancelledError} if `signal` is aborted
   * first; then nothing has been accepted
   * @example
   * for await (const line of lines) await executor.submitAsync('./tasks.js', 'store', [line])
   */
  submitAsync<F extends TaskFunction>(
    modulePath: ModulePath,
    fnName: string,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Promise<Future<Awaited<ReturnType<F>>>>
  /** With the function itself instead of its address. */
  submitAsync<F extends TaskFunction>(
    fn: F,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Promise<Future<Awaited<ReturnType<F>>>>
  async submitAsync(
    target: Target,
    second?: unknown,
    third?: unknown,
    fourth?: unknown,
  ): Promise<Future<unknown>> {
    const call = taskCall(this.#functions, target, second, third, fourth)
    call.site = recordSite(this.submitAsync)
    return createFuture(await this.#dispatcher.submitLater(call))
  }

  /**
   * Runs a task for code on an event loop: waits for queue space and for the value without blocking. Keeps the process
   * alive meanwhile.
   *
   * @returns a promise that rejects with what `submitAsync` rejects with, and with whatever the task throws
   * @example
   * const page = await executor.runAsync('./tasks.js', 'fetchPage', [url], { signal })
   */
  runAsync<F extends TaskFunction>(
    modulePath: ModulePath,
    fnName: string,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Promise<Awaited<ReturnType<F>>>
  /** With the function itself instead of its address. */
  runAsync<F extends TaskFunction>(
    fn: F,
    args?: Parameters<F>,
    options?: TaskOptions,
  ): Promise<Awaited<ReturnType<F>>>
  async runAsync(target: Target, second?: unknown, third?: unknown, fourth?: unknown): Promise<unknown> {
    const call = taskCall(this.#functions, target, second, third, fourth)
    call.site = recordSite(this.runAsync)
    call.isExpected = true
    const task = await this.#dispatcher.submitLater(call)
    return createFuture(task).promise()
  }

  /**
   * Calls `fn(item)` for each item and gives the results in the order of the items, or as they are ready with
   * `ordered: false`. Lazy: items are read, and tasks submitted, as results are asked for, `lookAhead` of them ahead.
   * Asking blocks until the result is there. Leaving the loop early cancels what has not started.
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
    const { items, ...request } = this.#mapRequest(target, second, third, fourth)
    request.site = recordSite(this.map)
    if (isIterable(items)) return mapBlocking({ ...request, items })
    const hint = isAsyncIterable(items) ? ' (an async iterable needs mapAsync)' : ''
    throw invalidType('items', `an iterable${hint}`, items)
  }

  /**
   * As {@link AsyncPoolExecutor.map} for code on an event loop; takes async iterables too. From the first result that
   * is asked for on, items are read and submitted in the background, at most `lookAhead` ahead.
   *
   * @returns an iterator whose `next` rejects with the error of a failed task, when its position is reached, and with
   * what `submit` throws
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @example
   * for await (const page of executor.mapAsync('./tasks.js', 'fetchPage', urls)) console.log(page.title)
   */
  mapAsync<T, R>(
    modulePath: ModulePath,
    fnName: string,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): AsyncIterableIterator<R>
  /** With the function itself instead of its address. */
  mapAsync<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options?: MapOptions,
  ): AsyncIterableIterator<Awaited<R>>
  mapAsync(
    target: Target,
    second?: unknown,
    third?: unknown,
    fourth?: unknown,
  ): AsyncIterableIterator<unknown> {
    const { items, ...request } = this.#mapRequest(target, second, third, fourth)
    request.site = recordSite(this.mapAsync)
    if (!isIterable(items) && !isAsyncIterable(items))
      throw invalidType('items', 'an iterable or an async iterable', items)
    return mapLater({ ...request, items })
  }

  /**
   * The items of an async generator in the worker, or of whatever iterable the function returns, as a plain iterator.
   * The generator starts with the first item that is asked for and runs at most `lookAhead` items ahead of what has
   * been read; asking blocks until the next item is there. Leaving the loop ends the generator and waits for its
   * `finally` blocks; one that is in the midst of making an item has its signal aborted and is given a second for that.
   *
   * The stream holds a slot of the worker until it ends.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @returns an iterator whose `next` throws the generator's error at its position, and what `submit` throws
   * @example
   * for (const row of executor.stream('./db.js', 'rows', ['select * from users'])) console.log(row.name)
   */
  stream<R>(
    modulePath: ModulePath,
    fnName: string,
    args?: readonly unknown[],
    options?: StreamOptions,
  ): IterableIterator<R>
  /** With the function itself instead of its address. */
  stream<F extends TaskFunction>(
    fn: F,
    args?: Parameters<F>,
    options?: StreamOptions,
  ): IterableIterator<Streamed<F>>
  stream(target: Target, second?: unknown, third?: unknown, fourth?: unknown): IterableIterator<unknown> {
    const { call, lookAhead } = streamCall(this.#functions, target, second, third, fourth)
    call.site = recordSite(this.stream)
    return streamBlocking({ dispatcher: this.#dispatcher, call, lookAhead })
  }

  /**
   * As {@link AsyncPoolExecutor.stream} for code on an event loop.
   *
   * @example
   * for await (const row of executor.streamAsync('./db.js', 'rows', ['select * from users'])) await store(row)
   */
  streamAsync<R>(
    modulePath: ModulePath,
    fnName: string,
    args?: readonly unknown[],
    options?: StreamOptions,
  ): AsyncIterableIterator<R>
  /** With the function itself instead of its address. */
  streamAsync<F extends TaskFunction>(
    fn: F,
    args?: Parameters<F>,
    options?: StreamOptions,
  ): AsyncIterableIterator<Streamed<F>>
  streamAsync(
    target: Target,
    second?: unknown,
    third?: unknown,
    fourth?: unknown,
  ): AsyncIterableIterator<unknown> {
    const { call, lookAhead } = streamCall(this.#functions, target, second, third, fourth)
    call.site = recordSite(this.streamAsync)
    return streamLater({ dispatcher: this.#dispatcher, call, lookAhead })
  }

  /**
   * The functions of a module by their names, typed by the module: `tasks.run.fetchPage(url)` is
   * `run('./tasks.js', 'fetchPage', [url])`. Nothing is loaded before the first call. Types cannot tell what an object
   * that is exported by default inherits, as an instance the methods of its class: calls of those are a
   * {@link TaskNotFoundError}.
   *
   * @typeParam M - the type of the module: `typeof import('./tasks.js')`
   * @param options - for every call through the facade; `idempotent` and `offload` are not for its streams
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @example
   * const tasks = executor.module<typeof import('./tasks.js')>('./tasks.js')
   * const page = tasks.run.fetchPage(url)
   * const futures = urls.map(url => tasks.submit.fetchPage(url))
   */
  module<M>(modulePath: ModulePath, options?: TaskOptions): ModuleFacade<M> {
    this.#functions.checkModule(modulePath)
    const checked = options === undefined ? undefined : checkTaskOptions(options)
    return createFacade<M>(this, String(modulePath), checked)
  }

  /**
   * A module of the worker's as an object for code on an event loop, by the rules of comlink, which is loaded with the
   * first call: functions are called, properties read and set, classes constructed, all with promises; what is marked by
   * `Comlink.proxy`, an argument or a result, is used where it is, and what is given to `Comlink.transfer` is moved. A
   * call is a task, as by `runAsync`. Callbacks run in this thread: as those of {@link callback} do, and for as long as
   * the worker holds them.
   *
   * A proxy can be released (`Comlink.releaseProxy`) and is, when it is garbage. That of the module outlives the death
   * of the worker; the objects that its members made do not, and then reject with {@link WorkerDiedError}.
   *
   * @returns a proxy; its promises reject with what `submitAsync` rejects with, and with whatever the module throws
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @example
   * const db = executor.remote<typeof import('./db.js')>('./db.js')
   * const rows = await db.query('select * from users')
   * await db.subscribe(Comlink.proxy(change => console.log(change)))
   */
  remote<M>(modulePath: ModulePath): Remote<M> {
    this.#dispatcher.remotes ??= new Remotes(this.#dispatcher)
    return this.#dispatcher.remotes.open(this.#functions.findRemote(modulePath)) as Remote<M>
  }

  /**
   * Blocks until nothing is queued or running; a task that was cancelled or timed out runs until it ends. The
   * executor stays open. Of a shared executor, only what this thread has submitted counts.
   *
   * @throws {DeadlockError} if all that is left are streams that this thread has not read to their end; inside the
   * executor's own worker
   * @param timeout - ms to wait at most. @defaultValue no limit
   * @returns false if the time was up first
   */
  join(timeout?: number): boolean {
    this.#dispatcher.refuseOwnWorker()
    return this.#dispatcher.join(deadlineOf('timeout', timeout))
  }

  /** As {@link AsyncPoolExecutor.join}, but does not block; keeps the process alive meanwhile. */
  async joinAsync(): Promise<void> {
    this.#dispatcher.refuseOwnWorker()
    await this.#dispatcher.eventLoop.join()
  }

  /**
   * Accepts nothing from now on and, by default, blocks until every accepted task is settled and the worker has ended.
   * With `wait: false` it returns at once, and the worker ends by itself after the last task. May be called again.
   *
   * @throws {DeadlockError} inside the executor's own worker
   */
  shutdown(options: ShutdownOptions = {}): ShutdownReport {
    this.#dispatcher.refuseOwnWorker()
    const dispatcher = this.#dispatcher
    const start = now()
    const { deadline, waits } = this.#stopAccepting(options)
    if (waits) {
      if (dispatcher.drain(deadline)) dispatcher.closeWorker(deadline)
      else giveUp(dispatcher, now() - start)
    }
    return { ...dispatcher.ledger.totals }
  }

  /** As {@link AsyncPoolExecutor.shutdown}, but does not block; keeps the process alive meanwhile. */
  async shutdownAsync(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    this.#dispatcher.refuseOwnWorker()
    const dispatcher = this.#dispatcher
    const start = now()
    const { deadline, waits } = this.#stopAccepting(options)
    if (waits) {
      if (await dispatcher.eventLoop.settle(deadline - start)) await dispatcher.closeWorkerLater(deadline)
      else giveUp(dispatcher, now() - start)
    }
    return { ...dispatcher.ledger.totals }
  }

  #stopAccepting(options: ShutdownOptions): { deadline: number; waits: boolean } {
    const { wait: waits = true, cancelPending, timeout } = checkShutdownOptions(options)
    const deadline = deadlineOf('options.timeout', timeout)
    this.#dispatcher.stopAccepting()
    this.#dispatcher.streams.endAll()
    if (cancelPending === true) this.#dispatcher.cancelPending()
    return { deadline, waits }
  }

  /** Where all tasks stand; of a shared executor, those of this thread. Does not block. */
  stats(): ExecutorStats {
    return statsOf(this.#dispatcher)
  }

  /** `shutdown()`, for `using`. Inside the executor's own worker nothing: to throw would hide what ended the block. */
  [Symbol.dispose](): void {
    if (!this.#dispatcher.isInOwnWorker) this.shutdown()
  }

  /** `shutdownAsync()`, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#dispatcher.isInOwnWorker) await this.shutdownAsync()
  }

  #mapRequest(target: Target, second: unknown, third: unknown, fourth: unknown): MapRequest {
    const { fn, items, options } = mapCall(this.#functions, target, second, third, fourth)
    const { lookAhead = this.size + this.queueSize, ordered = true, ...taskOptions } = options
    return { dispatcher: this.#dispatcher, fn, items, options: taskOptions, lookAhead, ordered }
  }
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof (value as Iterable<unknown> | undefined)?.[Symbol.iterator] === 'function'
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof (value as AsyncIterable<unknown> | undefined)?.[Symbol.asyncIterator] === 'function'
}
