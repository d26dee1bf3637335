import { now } from '../channel/clock.js'
import { TimeoutError } from '../channel/errors.js'
import { invalidType } from '../channel/validate.js'
import { callDue, callSoon } from './callbacks.js'
import { deadlineOf } from './deadline.js'
import { stateNames } from './ledger.js'
import { toError } from './report.js'
import { type Observer, Task, TaskState } from './task.js'

export type FutureState = 'queued' | 'running' | 'fulfilled' | 'rejected' | 'cancelled'

/** Makes a future; not on the class, whose members are users'. */
export let createFuture: (task: Task) => Future<unknown>

/** The task behind a future; undefined if the value is no future. */
export let taskOf: (future: unknown) => Task | undefined

/**
 * The outcome of an accepted task, now or later. Deliberately not a thenable: `await future` would not wait, and
 * {@link Future.promise} says what it does.
 *
 * @example
 * const future = executor.submit('./tasks.js', 'fetchPage', [url])
 * const page = future.result(5_000) // blocks for at most 5 s
 */
export class Future<T> {
  readonly #task: Task

  /** Futures come from `submit` and its kin. */
  private constructor(task: Task) {
    if (!(task instanceof Task)) throw new TypeError('Illegal constructor: futures come from submit()')
    this.#task = task
  }

  /** Counts up from 1 in each executor. */
  get id(): number {
    return this.#task.id
  }

  /** Looks without blocking. */
  get state(): FutureState {
    const task = this.#task
    if (task.state === TaskState.Pending) task.dispatcher.poll()
    return task.state === TaskState.Pending ? pendingState(task) : stateNames[task.state]
  }

  /** Whether the task has settled, in whichever way. Looks without blocking. */
  get done(): boolean {
    if (this.#task.state === TaskState.Pending) this.#task.dispatcher.poll()
    return this.#task.state !== TaskState.Pending
  }

  /**
   * Blocks until the task has settled, and returns its value. May be called again.
   *
   * @param timeout - ms to wait at most; 0 only looks. Without it there is no limit. The task is not cancelled by
   * a timeout, and the future stays usable.
   * @throws whatever the task threw
   * @throws {TimeoutError} if the task has not settled in time
   * @throws {CancelledError} if it was cancelled
   * @throws {WorkerDiedError} if the worker died while it was running
   */
  result(timeout?: number): T {
    this.#wait(timeout)
    return this.#task.read() as T
  }

  /**
   * Blocks until the task has settled, and returns the error it failed with, or null if it was fulfilled. Something
   * thrown that is not an Error comes as the `cause` of one.
   *
   * @param timeout - ms to wait at most, as for {@link Future.result}
   * @throws {TimeoutError} if the task has not settled in time
   * @throws {CancelledError} if it was cancelled
   */
  error(timeout?: number): Error | null {
    this.#wait(timeout)
    const task = this.#task
    if (task.state === TaskState.Fulfilled) return null
    if (task.state === TaskState.Cancelled) throw task.value
    task.markRead()
    return toError(task.value, task.fn.label)
  }

  /**
   * A task that is queued will never start; one that is running keeps its slot until it ends, and its outcome is
   * dropped. Either way the future is cancelled at once. Does not block.
   *
   * @param reason - becomes the `cause` of the CancelledError
   * @returns false if the task had settled already
   */
  cancel(reason?: unknown): boolean {
    return this.#task.dispatcher.cancel(this.#task, reason)
  }

  /** The outcome as a promise, for code on an event loop, which it keeps alive while the task is pending. */
  promise(): Promise<T> {
    const task = this.#task
    task.expected = true // from here on an unhandled failure is Node's to report, as for any promise
    if (task.state === TaskState.Pending) catchUp(task)
    if (task.state !== TaskState.Pending) return new Promise(resolve => resolve(task.read() as T))
    return new Promise((resolve, reject) =>
      whenSettled(task, () => {
        if (task.state === TaskState.Fulfilled) resolve(task.value as T)
        else reject(task.value)
      }),
    )
  }

  /**
   * Calls back once the task has settled, at once if it has already. Callbacks run in the order of registration, in
   * the caller's thread: when a call of this thread takes in the outcome, or its event loop turns, or at exit. One that
   * throws is reported on stderr and disturbs nothing else.
   */
  onDone(callback: (future: Future<T>) => void): void {
    if (typeof callback !== 'function') throw invalidType('callback', 'a function', callback)
    const callLater = () => callSoon('onDone', () => callback(this))
    if (this.#task.state === TaskState.Pending) this.#task.observe(callLater)
    else {
      callLater()
      callDue()
    }
  }

  #wait(timeout: number | undefined): void {
    const task = this.#task
    const start = now()
    const deadline = deadlineOf('timeout', timeout)
    if (task.state !== TaskState.Pending) return
    task.dispatcher.refuseInCallback(deadline)
    const expected = task.expected
    task.expected = true
    if (task.dispatcher.await(task, deadline)) return
    task.expected = expected
    throw timedOut(task, now() - start)
  }

  static {
    createFuture = task => new Future(task)
    taskOf = future =>
      typeof future === 'object' && future !== null && #task in future ? future.#task : undefined
  }
}

/** For a pending task: keeps the event loop alive until it settles. Its outcome stays unread. */
export function whenSettled(task: Task, observer: Observer): void {
  const { eventLoop } = task.dispatcher
  eventLoop.hold()
  task.observe(settled => {
    eventLoop.release()
    observer(settled)
  })
}

/** A slot is free again only after its outcome was posted: whoever finds it free must look at messages once more. */
function pendingState(task: Task): FutureState {
  if (task.dispatcher.isRunning(task)) return 'running'
  catchUp(task)
  return task.state === TaskState.Pending ? 'queued' : stateNames[task.state]
}

/** What came before the outcome, progress say, is called before the outcome is given. */
function catchUp({ dispatcher }: Task): void {
  dispatcher.takeIn()
  callDue()
}

function timedOut(task: Task, waited: number): TimeoutError {
  const { dispatcher } = task
  const doing = dispatcher.isRunning(task) ? 'running' : 'queued'
  return new TimeoutError(
    `${task.label} was still ${doing} after ${Math.round(waited)} ms ` +
      `(${dispatcher.running} running, ${dispatcher.queued} queued)`,
  )
}
