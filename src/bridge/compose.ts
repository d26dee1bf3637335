import { TimeoutError } from '../channel/errors.js'
import { invalidType } from '../channel/validate.js'
import { callDue } from './callbacks.js'
import { deadlineOf, isOver, never } from './deadline.js'
import type { Dispatcher } from './dispatcher.js'
import { type Future, taskOf } from './future.js'
import { checkAsCompletedOptions, checkGatherOptions, checkWaitOptions } from './option-checks.js'
import { parkFor, takeInAll } from './park.js'
import { toError } from './report.js'
import { type Task, TaskState } from './task.js'

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
export function wait<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: WaitOptions = {},
): { done: Set<F>; pending: Set<F> } {
  const { returnWhen = 'all-completed', timeout } = checkWaitOptions(options)
  const deadline = deadlineOf('options.timeout', timeout)
  const tasks = byTask(futures)
  if (returnWhen === 'all-completed' || arePending(tasks.keys())) refuseInCallback(tasks.keys(), deadline)
  const watch = new Watch(tasks.keys())
  try {
    watch.awaitUntil(() => watch.isComplete || endsWait[returnWhen](watch), deadline)
  } finally {
    watch.stop()
  }
  const done = new Set<F>()
  const pending = new Set<F>()
  for (const [task, future] of tasks) (task.state === TaskState.Pending ? pending : done).add(future)
  return { done, pending }
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
export function asCompleted<F extends Future<unknown>>(
  futures: Iterable<F>,
  options: { timeout?: number } = {},
): Iterable<F> {
  const { timeout } = checkAsCompletedOptions(options)
  const deadline = deadlineOf('options.timeout', timeout)
  const tasks = byTask(futures)
  if (arePending(tasks.keys())) refuseInCallback(tasks.keys(), deadline)
  return inOrderOfSettling(tasks, new Watch(tasks.keys()), deadline)
}

/**
 * Blocks until all tasks are fulfilled and returns their values in the order of the futures.
 *
 * @param options.returnErrors - put errors in the place of values instead of throwing the first; something
 * thrown that is not an Error comes as the `cause` of one
 * @throws the error of the first task that fails, or was cancelled; the other tasks go on
 * @throws {TypeError} ERR_INVALID_ARG_TYPE if something is not a future
 * @example
 * const [user, posts] = gather([executor.submit(db, 'user', [1]), executor.submit(db, 'posts', [1])])
 */
export function gather<const F extends Iterable<Future<unknown>>>(
  futures: F,
  options?: { returnErrors?: false },
): Results<F>
export function gather<const F extends Iterable<Future<unknown>>>(
  futures: F,
  options: { returnErrors?: boolean },
): Results<F, Error>
export function gather(
  futures: Iterable<Future<unknown>>,
  options: { returnErrors?: boolean } = {},
): unknown[] {
  const { returnErrors = false } = checkGatherOptions(options)
  const tasks = listOf(futures).map(checkedTask)
  refuseInCallback(tasks, never)
  const watch = new Watch(tasks)
  try {
    watch.awaitUntil(() => watch.isComplete || (!returnErrors && watch.rejected + watch.cancelled > 0), never)
  } finally {
    watch.stop()
  }
  const failed = tasks.find(task => task.state === TaskState.Rejected || task.state === TaskState.Cancelled)
  if (failed !== undefined && !returnErrors) failed.read()
  return tasks.map(task => {
    task.markRead()
    return task.state === TaskState.Fulfilled ? task.value : toError(task.value, task.fn.label)
  })
}

/** The values of futures: of a tuple a tuple. */
type Results<F, E = never> = F extends readonly Future<unknown>[]
  ? { -readonly [K in keyof F]: F[K] extends Future<infer T> ? T | E : never }
  : F extends Iterable<Future<infer T>>
    ? (T | E)[]
    : never

const endsWait: Record<NonNullable<WaitOptions['returnWhen']>, (watch: Watch) => boolean> = {
  'first-completed': watch => watch.settled.length > 0,
  'first-error': watch => watch.rejected > 0, // as in Python, to be cancelled is not an error here
  'all-completed': () => false,
}

/** None of them is known to have settled: even the first one has to be waited for. */
function arePending(tasks: Iterable<Task>): boolean {
  return [...tasks].every(task => task.state === TaskState.Pending)
}

/** For tasks that have to settle: only if none of their executors may be waited for. */
function refuseInCallback(tasks: Iterable<Task>, deadline: number): void {
  const pending = [...tasks].filter(task => task.state === TaskState.Pending)
  if (pending.every(task => task.dispatcher.answers.isRunning))
    pending[0]?.dispatcher.refuseInCallback(deadline)
}

/** Keeps count of a set of futures without looking at all of them again for each that settles. */
class Watch {
  readonly settled: Task[] = []
  readonly tasks: readonly Task[]
  rejected = 0
  cancelled = 0
  readonly #dispatchers: ReadonlySet<Dispatcher>
  readonly #onSettled = (task: Task) => {
    this.settled.push(task)
    if (task.state === TaskState.Rejected) this.rejected++
    if (task.state === TaskState.Cancelled) this.cancelled++
  }

  constructor(tasks: Iterable<Task>) {
    this.tasks = [...new Set(tasks)]
    this.#dispatchers = new Set(this.tasks.map(task => task.dispatcher))
    for (const dispatcher of this.#dispatchers) dispatcher.takeIn()
    for (const task of this.tasks) {
      if (task.state === TaskState.Pending) task.observe(this.#onSettled)
      else this.#onSettled(task)
    }
    callDue()
  }

  get isComplete(): boolean {
    return this.settled.length === this.tasks.length
  }

  /** Blocks until the condition holds or the deadline has passed; returns whether it holds. */
  awaitUntil(holds: () => boolean, deadline: number): boolean {
    while (!holds()) {
      if (!takeInAll(this.#dispatchers) && !isOver(deadline)) {
        this.#refuseDeadlock(deadline)
        parkFor(this.#dispatchers, deadline)
      }
      callDue(deadline)
      // Also while news keep coming: they may never stop.
      for (const dispatcher of this.#dispatchers) dispatcher.checkNowAndThen()
      if (isOver(deadline)) return holds()
    }
    return true
  }

  /** Only if none of the tasks that are pending can end the wait. */
  #refuseDeadlock(deadline: number): void {
    const refused = new Set<Dispatcher>()
    let refusal: unknown
    for (const dispatcher of this.#dispatchers) {
      dispatcher.abandonIfEnded()
      try {
        dispatcher.refuseDeadlock(deadline)
      } catch (error) {
        refused.add(dispatcher)
        refusal = error
      }
    }
    if (refused.size === 0) return
    const isHopeless = ({ state, dispatcher }: Task) => state !== TaskState.Pending || refused.has(dispatcher)
    if (this.tasks.every(isHopeless)) throw refusal
  }

  /** Nothing of this wait stays with tasks that go on. */
  stop(): void {
    for (const task of this.tasks) task.observers?.delete(this.#onSettled)
  }
}

function* inOrderOfSettling<F>(
  futures: ReadonlyMap<Task, F>,
  watch: Watch,
  deadline: number,
): Generator<F, void, undefined> {
  try {
    for (let given = 0; given < futures.size; given++) {
      if (!watch.awaitUntil(() => watch.settled.length > given, deadline))
        throw new TimeoutError(`${futures.size - given} of ${futures.size} futures unfinished`)
      yield futures.get(watch.settled[given] as Task) as F
    }
  } finally {
    watch.stop()
  }
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE if that is not an iterable of futures */
function byTask<F>(futures: Iterable<F>): Map<Task, F> {
  return new Map(listOf(futures).map(future => [checkedTask(future), future]))
}

function listOf<T>(futures: Iterable<T>): T[] {
  if (typeof futures !== 'object' || futures === null || !(Symbol.iterator in futures))
    throw invalidType('futures', 'an iterable of futures', futures)
  return [...futures]
}

function checkedTask(future: unknown): Task {
  const task = taskOf(future)
  if (task === undefined) throw invalidType('futures', 'an iterable of futures', future)
  return task
}
