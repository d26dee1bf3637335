import type { AsyncResource } from 'node:async_hooks'
import type { TaskInfo } from '../bridge/unread.js'
import { CancelledError } from '../channel/errors.js'
import { functionName } from '../channel/function-name.js'
import { abortIn, type TaskContext } from '../worker/context.js'
import type { PoolTaskOptions } from './options.js'
import type { ObservedPromise } from './promise.js'
import type { Queued } from './queue.js'

/**
 * A call of a pool on its way:
 *
 *     Waiting ──► Queued      there was space: from here on it is an accepted task
 *             ──► Refused     aborted, out of time, or the pool was shut down
 *     Queued  ──► Running     a slot was free
 *             ──► Rejected    abandoned, or found to be waited for by those that it waits for
 *             ──► Cancelled
 *     Running ──► Fulfilled, Rejected, Cancelled
 *
 * A task that was cancelled or timed out while it ran has settled, but keeps its slot until it ends.
 */
export enum TaskState {
  Waiting,
  Refused,
  Queued,
  Running,
  Fulfilled,
  Rejected,
  Cancelled,
}

export type SettledState = TaskState.Fulfilled | TaskState.Rejected | TaskState.Cancelled

/** What a pool calls; its arguments are those of `submit`. */
export type AnyFunction = (...args: unknown[]) => unknown

export interface Call {
  readonly fn: AnyFunction
  readonly args: unknown[]
  readonly options: PoolTaskOptions | undefined
}

const noArguments: unknown[] = []

export class PoolTask implements Queued {
  previous: Queued | undefined = undefined
  next: Queued | undefined = undefined
  state = TaskState.Waiting
  readonly priority: number
  readonly fn: AnyFunction
  args: unknown[]
  readonly options: PoolTaskOptions | undefined
  /** The result, or what the task threw. */
  value: unknown = undefined
  /** The async context of the call, if the task has to start from another one. */
  scope: AsyncResource | undefined = undefined
  /** `submit` waits for acceptance, and what follows is for its promise; otherwise it is for that of the result. */
  awaitsAcceptance = false
  resolve: ((value: unknown) => void) | undefined = undefined
  reject: ((reason: unknown) => void) | undefined = undefined
  /** Of the result, once somebody has asked a future for it. */
  promise: ObservedPromise<unknown> | undefined = undefined
  /** Somebody waits for the outcome, so a failure will not go unread. */
  expected = false
  /** Set while it counts as a failure that nobody has read. */
  onRead: (() => void) | undefined = undefined
  holdsSlot = false
  /** How many tasks of its own pool it waits for, as far as that is known. */
  waits = 0
  timer: NodeJS.Timeout | undefined = undefined
  stopListening: (() => void) | undefined = undefined
  /**
   * What its code runs in, where `currentTask()` is known.
   *
   * @internal
   */
  context: TaskContext | undefined = undefined
  #controller: AbortController | undefined = undefined

  constructor(
    readonly id: number,
    /** Of the pool. */
    readonly poolName: string,
    { fn, args, options }: Call,
  ) {
    this.fn = fn
    this.args = args
    this.options = options
    this.priority = options?.priority ?? 0
  }

  /** Its signal is. The listener that ends it may have to wait for those that were there before. */
  get isAborted(): boolean {
    return this.options?.signal?.aborted === true
  }

  /** Its wait to be accepted has a limit. */
  get endsByItself(): boolean {
    return this.state === TaskState.Waiting && this.timer !== undefined
  }

  get isSettled(): boolean {
    return this.state >= TaskState.Fulfilled
  }

  /** Its arguments, which the task has no use for after this. */
  takeArguments(): unknown[] {
    const { args } = this
    this.args = noArguments
    return args
  }

  /** To be called when it waits no longer; what is to come is for the promise of the result. */
  announceAcceptance(future: unknown): void {
    const { resolve } = this
    this.awaitsAcceptance = false
    this.resolve = undefined
    this.reject = undefined
    resolve?.(future)
  }

  /** To be called when it waits no longer, and will not be accepted. */
  refuse(error: Error): void {
    this.leave()
    this.state = TaskState.Refused
    this.reject?.(error)
  }

  settle(state: SettledState, value: unknown): void {
    this.leave()
    this.state = state
    this.value = value
    this.args = noArguments
    if (state === TaskState.Fulfilled) this.resolve?.(value)
    else this.reject?.(value)
  }

  /** Neither a signal nor a timer will end it any more. */
  leave(): void {
    this.stopTimer()
    this.stopListening?.()
    this.stopListening = undefined
  }

  stopTimer(): void {
    if (this.timer === undefined) return
    clearTimeout(this.timer)
    this.timer = undefined
  }

  /** Somebody may look at the outcome now. */
  markRead(): void {
    this.expected = true
    this.onRead?.()
    this.onRead = undefined
  }

  /** The function's name. */
  get name(): string {
    return functionName(this.fn) || '(anonymous)'
  }

  /** For `currentTask()`: a pool never runs a task again. */
  get attempt(): number {
    return 1
  }

  /** Made at first use: most tasks never ask for it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  abort(reason: Error): void {
    this.#controller ??= new AbortController()
    abortIn(this.context, this.#controller, reason)
  }

  cancelledError(reason: unknown): CancelledError {
    return new CancelledError(`${this.label} was cancelled`, reason === undefined ? {} : { cause: reason })
  }

  get key(): number {
    return this.id
  }

  get info(): TaskInfo {
    return { id: this.id, name: this.name, executor: this.poolName }
  }

  /** What messages call the task. */
  get label(): string {
    return `${this.name} (task ${this.id} of pool '${this.poolName}')`
  }
}
