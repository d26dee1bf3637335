import { longestTimer } from '../channel/clock.js'
import type { Callback } from './callback.js'
import { never } from './deadline.js'
import type { Call, Dispatcher } from './dispatcher.js'
import type { FunctionName } from './function-names.js'
import type { TaskOptions } from './options.js'
import type { StreamBuffer } from './stream.js'
import { appendSite, type SubmitSite } from './submit-site.js'
import { type TaskInfo, unreadFailures } from './unread.js'

/**
 * A task as its caller sees it. `Pending` becomes exactly one of the others, once:
 *
 *     Pending ──► Fulfilled   the worker sent a value
 *             ──► Rejected    the worker sent an error, or died, or the task was abandoned
 *             ──► Cancelled   cancel()
 */
export enum TaskState {
  Pending,
  Fulfilled,
  Rejected,
  Cancelled,
}

export type SettledState = Exclude<TaskState, TaskState.Pending>

/** Runs when the task settles, in the midst of taking in messages: must not run users' code. */
export type Observer = (task: Task) => void

export class Task {
  state = TaskState.Pending
  /** The result, or what the task threw. */
  value: unknown = undefined
  readonly fn: FunctionName
  readonly options: TaskOptions | undefined
  /** Where it was submitted, if that was recorded. */
  site: SubmitSite | undefined
  /** Takes the items of a task whose results are streamed. */
  readonly stream: StreamBuffer | undefined
  /** Functions of this thread that it may call. */
  callbacks: Callback[] | undefined = undefined
  /** How long it may run, in ms. */
  readonly timeout: number | undefined
  /** Kept until the task settles, so that it can be sent again to another worker. */
  args: readonly unknown[] | undefined
  observers: Set<Observer> | undefined = undefined
  /** Somebody waits for the outcome, so a failure will not go unread. */
  expected: boolean
  /** Its failure has been thrown. */
  isRead = false
  /** Set while it counts as a failure that nobody has read. */
  onRead: (() => void) | undefined = undefined
  /** Counts up each time the worker died while it ran. */
  attempt = 1
  /** It was sent to a worker that died. */
  isResent = false
  /** The number of the message that brought it to its worker. */
  message = 0

  constructor(
    readonly id: number,
    readonly dispatcher: Dispatcher,
    { fn, args, options, site, stream, isExpected = false }: Call,
  ) {
    this.fn = fn
    this.args = args
    this.site = site
    this.stream = stream
    this.expected = isExpected
    this.options = options
    this.timeout = options?.timeout ?? dispatcher.options.timeout
  }

  /** False if the task had settled already. */
  settle(state: SettledState, value: unknown): boolean {
    if (this.state !== TaskState.Pending) return false
    this.state = state
    this.value = value
    this.args = undefined
    if (state === TaskState.Rejected) {
      if (this.site !== undefined) appendSite(value, this.site)
      if (!this.expected) unreadFailures.add(this, this.dispatcher.options.onError)
    }
    this.site = undefined
    const { observers } = this
    if (observers !== undefined) {
      this.observers = undefined
      for (const observer of observers) observer(this)
    }
    return true
  }

  /** The value of a settled task; throws what the task threw. */
  read(): unknown {
    if (this.state === TaskState.Fulfilled) return this.value
    this.isRead = true
    this.markRead()
    throw this.value
  }

  /** Whoever was expected to read the failure has left. */
  reportUnread(): void {
    if (this.state === TaskState.Rejected && !this.isRead)
      unreadFailures.add(this, this.dispatcher.options.onError)
  }

  markRead(): void {
    this.onRead?.()
    this.onRead = undefined
  }

  observe(observer: Observer): void {
    this.observers ??= new Set()
    this.observers.add(observer)
  }

  get info(): TaskInfo {
    return { id: this.id, name: this.fn.label, executor: this.dispatcher.name }
  }

  /** What messages call the task. */
  get label(): string {
    return `${this.fn.label} (task ${this.id} of executor '${this.dispatcher.name}')`
  }
}

/** Resolves when the task settles, and after `timeout` ms at the latest. */
export function settlesWithin(task: Task, timeout: number): Promise<void> {
  return new Promise(resolve => {
    const timer = timeout === never ? undefined : setTimeout(finish, Math.min(timeout, longestTimer))
    function finish(): void {
      clearTimeout(timer)
      task.observers?.delete(finish)
      resolve()
    }
    task.observe(finish)
  })
}
