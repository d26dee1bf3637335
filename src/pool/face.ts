import { invalidType } from '../channel/validate.js'
import type { PoolFuture } from './future.js'
import { mapItems, type Submission } from './map.js'
import { checkPoolMapOptions, type PoolMapOptions, type PoolTaskOptions } from './options.js'
import type { Scheduler } from './scheduler.js'
import type { AnyFunction, PoolTask } from './task.js'

/** The calls of a pool, with the same options for each task; {@link AsyncPool.with} gives one. */
export class PoolFace {
  readonly #scheduler: Scheduler
  readonly #options: PoolTaskOptions | undefined

  /** @internal */
  constructor(scheduler: Scheduler, options: PoolTaskOptions | undefined) {
    this.#scheduler = scheduler
    this.#options = options
  }

  /**
   * Hands `fn(...args)` to the pool, and waits until it is accepted: while `queueSize` tasks wait to start, that is
   * until one of them does. To await it before the next one is what keeps memory bounded. Calls are accepted in their
   * order. If a slot is free, `fn` is called before `submit` returns.
   *
   * @param fn - async or not; called in the async context of the caller
   * @returns a promise for the future of the task, which rejects, and nothing is accepted, with
   * - {@link ExecutorClosedError} after `shutdown`
   * - {@link CancelledError} if its `signal` is aborted first
   * - {@link QueueFullError} if `submitTimeout` passes
   * - {@link DeadlockError} if it was called by a task of this pool, and all of its running tasks wait for the pool
   * - TypeError ERR_INVALID_ARG_TYPE
   * @example
   * for (const url of urls) {
   *   const future = await pool.submit(fetchPage, url)
   *   future.promise.then(page => index.add(page), error => failures.push(error))
   * }
   * await pool.join()
   */
  submit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<PoolFuture<Awaited<R>>> {
    try {
      return this.#scheduler.submit(this.#createTask(fn, args)) as Promise<PoolFuture<Awaited<R>>>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * As {@link PoolFace.submit}, but never waits: undefined when all slots are taken and the queue is full, or other
   * calls wait already.
   *
   * @throws {ExecutorClosedError} after `shutdown`
   * @throws {CancelledError} if its `signal` is aborted
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   */
  trySubmit<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): PoolFuture<Awaited<R>> | undefined {
    return this.#scheduler.trySubmit(this.#createTask(fn, args)) as PoolFuture<Awaited<R>> | undefined
  }

  /**
   * Runs `fn(...args)` in the pool, when it is its turn, and waits for the result. Where `submit` would wait to be
   * accepted, this does, too.
   *
   * @returns a promise for the result, which rejects with what `fn` throws, with what `submit` rejects with, and with
   * - {@link CancelledError} if its `signal` is aborted
   * - {@link TimeoutError} if it runs for longer than its `timeout`
   * - {@link ExecutorClosedError} if it is not done when the `timeout` of `shutdown` is over
   * @example
   * const page = await pool.run(fetchPage, url)
   */
  run<A extends unknown[], R>(fn: (...args: A) => R, ...args: A): Promise<Awaited<R>> {
    try {
      return this.#scheduler.run(this.#createTask(fn, args)) as Promise<Awaited<R>>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * Calls `fn(item)` for each item. Lazy: from the first result that is asked for, items are read, and tasks handed
   * over, in the background, `lookAhead` ahead of what has been given out. Leaving the loop early cancels what has
   * not started.
   *
   * The iteration throws what a task, or the source of the items, threw, when its position is reached, and is then over.
   *
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   * @throws {RangeError} ERR_OUT_OF_RANGE
   * @example
   * for await (const page of pool.map(fetchPage, urls, { ordered: false })) console.log(page.title)
   */
  map<T, R>(
    fn: (item: T) => R,
    items: Iterable<T> | AsyncIterable<T>,
    options: PoolMapOptions = {},
  ): AsyncIterableIterator<Awaited<R>> {
    const scheduler = this.#scheduler
    checkFunction(fn)
    checkIterable(items)
    const { ordered = true, lookAhead = scheduler.size + scheduler.options.queueSize } =
      checkPoolMapOptions(options)
    const submit = (item: unknown) => this.#submitItem(fn, item as T)
    const isInTask = () => scheduler.nesting?.caller !== undefined
    return mapItems({ items, submit, ordered, lookAhead, isInTask }) as AsyncIterableIterator<Awaited<R>>
  }

  #submitItem<T>(fn: (item: T) => unknown, item: T): Submission {
    const scheduler = this.#scheduler
    const task = this.#createTask(fn, [item])
    const accepted = scheduler.submit(task)
    return {
      accepted,
      get isSettled() {
        return task.isSettled
      },
      awaitUntil: change => scheduler.nesting?.wait(task, change),
      whenSettled: callback => scheduler.whenSettled(task, callback),
      result: async () => (await accepted).promise,
      withdraw: () => scheduler.withdraw(task),
    }
  }

  #createTask<A extends unknown[]>(fn: (...args: A) => unknown, args: A): PoolTask {
    checkFunction(fn)
    return this.#scheduler.createTask({ fn: fn as AnyFunction, args, options: this.#options })
  }
}

function checkFunction(fn: unknown): void {
  if (typeof fn !== 'function') throw invalidType('fn', 'a function', fn)
}

function checkIterable(items: unknown): void {
  const { [Symbol.iterator]: sync, [Symbol.asyncIterator]: async } = Object(items)
  if (typeof sync !== 'function' && typeof async !== 'function')
    throw invalidType('items', 'an iterable or an async iterable', items)
}
