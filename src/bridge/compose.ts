import { TimeoutError } from '../channel/errors.js'
import { CallerWants } from '../channel/wait.js'
import { callDue } from './callbacks.js'
import type { Dispatcher } from './dispatcher.js'
import { type Future, taskOf } from './future.js'
import { park } from './park.js'
import { type Task, TaskState } from './task.js'
import { checkMilliseconds, checkObject, invalidType } from './validate.js'

export interface WaitOptions {
  /** ms to wait at most. @defaultValue no limit */
  timeout?: number
  /** What ends the wait. @defaultValue 'all-completed' */
  returnWhen?: 'first-completed' | 'first-error' | 'all-completed'
}

/**
 * Blocks until the futures, of one executor or of several, are settled. Does not throw when the time is up, nor when
 * a task failed: the sets tell.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE if something is not a future or not an option
 * @example
 * const { done, pending } = wait(futures, { timeout: 1_000, returnWhen: 'first-completed' })
 */
export function wait<T>(
  futures: Iterable<Future<T>>,
  options: WaitOptions = {},
): { done: Set<Future<T>>; pending: Set<Future<T>> } {
  checkObject('options', options)
  const { timeout, returnWhen = 'all-completed' } = options
  if (!['first-completed', 'first-error', 'all-completed'].includes(returnWhen))
    throw invalidType('options.returnWhen', "'first-completed', 'first-error' or 'all-completed'", returnWhen)
  const watch = new Watch(futures)
  try {
    watch.awaitUntil(() => isOver(watch, returnWhen), deadlineOf(timeout))
  } finally {
    watch.stop()
  }
  return watch.split()
}

/**
 * Gives the futures as they settle, those that are settled already first. Blocks whenever the next one is asked for
 * and none has settled.
 *
 * @throws {TimeoutError} while iterating, if `timeout` ms after the call some are unfinished
 * @throws {TypeError} ERR_INVALID_ARG_TYPE if something is not a future
 * @example
 * for (const future of asCompleted(futures)) console.log(future.result())
 */
export function asCompleted<T>(
  futures: Iterable<Future<T>>,
  options: { timeout?: number } = {},
): Iterable<Future<T>> {
  checkObject('options', options)
  const deadline = deadlineOf(options.timeout)
  return inOrderOfSettling(new Watch(futures), deadline)
}

/**
 * Blocks until all tasks are fulfilled and returns their values in the order of the futures.
 *
 * @param options.returnErrors - put errors in the place of values instead of throwing the first
 * @throws the error of the first task that fails; the other tasks go on
 * @example
 * const [user, posts] = gather([executor.submit(db, 'user', [1]), executor.submit(db, 'posts', [1])])
 */
export function gather<T>(futures: Iterable<Future<T>>, options: { returnErrors?: boolean } = {}): T[] {
  checkObject('options', options)
  const { returnErrors = false } = options
  if (typeof returnErrors !== 'boolean') throw invalidType('options.returnErrors', 'a boolean', returnErrors)
  const list = [...futures]
  wait(list, { returnWhen: returnErrors ? 'all-completed' : 'first-error' })
  const tasks = list.map(future => taskOf(future) as Task)
  if (!returnErrors) for (const task of tasks) if (hasFailed(task)) task.read()
  return tasks.map(task => {
    task.markRead()
    return task.value as T
  })
}

/** Keeps count of a set of futures without looking at all of them again for each that settles. */
class Watch<T> {
  readonly settled: Future<T>[] = []
  readonly total: number
  failures = 0
  readonly #futures = new Map<Task, Future<T>>()
  readonly #dispatchers = new Set<Dispatcher>()
  readonly #onSettled = (task: Task) => {
    this.settled.push(this.#futures.get(task) as Future<T>)
    if (hasFailed(task)) this.failures++
  }

  constructor(futures: Iterable<Future<T>>) {
    for (const future of listOf(futures)) this.#futures.set(checkedTask(future), future)
    this.total = this.#futures.size
    for (const task of this.#futures.keys()) {
      this.#dispatchers.add(task.dispatcher)
      task.dispatcher.takeIn()
    }
    for (const task of this.#futures.keys()) {
      if (task.state === TaskState.Pending) task.observe(this.#onSettled)
      else this.#onSettled(task)
    }
    callDue()
  }

  /** Blocks until `isOver` or the deadline; returns whether it is over. */
  awaitUntil(isOver: () => boolean, deadline: number): boolean {
    const hasNews = () => [...this.#dispatchers].some(dispatcher => dispatcher.hasNews())
    while (!isOver()) {
      let tookIn = false
      for (const dispatcher of this.#dispatchers) tookIn = dispatcher.takeIn() || tookIn
      if (tookIn) callDue()
      else if (performance.now() >= deadline) return false
      else park(CallerWants.Messages, hasNews, deadline, this.#dispatchers)
    }
    return true
  }

  /** Nothing of this wait stays with tasks that go on. */
  stop(): void {
    for (const task of this.#futures.keys()) task.observers?.delete(this.#onSettled)
  }

  split(): { done: Set<Future<T>>; pending: Set<Future<T>> } {
    const done = new Set<Future<T>>()
    const pending = new Set<Future<T>>()
    for (const [task, future] of this.#futures)
      (task.state === TaskState.Pending ? pending : done).add(future)
    return { done, pending }
  }
}

function* inOrderOfSettling<T>(watch: Watch<T>, deadline: number): Generator<Future<T>, void, undefined> {
  try {
    for (let given = 0; given < watch.total; given++) {
      if (!watch.awaitUntil(() => watch.settled.length > given, deadline))
        throw new TimeoutError(`${watch.total - given} of ${watch.total} futures unfinished`)
      yield watch.settled[given] as Future<T>
    }
  } finally {
    watch.stop()
  }
}

function isOver(watch: Watch<unknown>, returnWhen: NonNullable<WaitOptions['returnWhen']>): boolean {
  if (watch.settled.length === watch.total) return true
  return returnWhen === 'first-completed'
    ? watch.settled.length > 0
    : returnWhen === 'first-error' && watch.failures > 0
}

/** As in Python, being cancelled counts as an error here. */
function hasFailed(task: Task): boolean {
  return task.state === TaskState.Rejected || task.state === TaskState.Cancelled
}

function deadlineOf(timeout: number | undefined): number {
  if (timeout === undefined) return Number.POSITIVE_INFINITY
  checkMilliseconds('options.timeout', timeout)
  return performance.now() + timeout
}

function listOf<T>(futures: Iterable<T>): Iterable<T> {
  if (typeof futures === 'object' && futures !== null && Symbol.iterator in futures) return futures
  throw invalidType('futures', 'an iterable of futures', futures)
}

function checkedTask(future: unknown): Task {
  const task = taskOf(future)
  if (task === undefined) throw invalidType('futures', 'an iterable of futures', future)
  return task
}
