import type { Transferable } from 'node:worker_threads'
import { isDataCloneError, notCloneable } from '../channel/cloneable.js'
import { decodeError, type ErrorRecord } from '../channel/error-record.js'
import {
  BrokenExecutorError,
  CancelledError,
  ExecutorClosedError,
  QueueFullError,
  WorkerDiedError,
} from '../channel/errors.js'
import { Outcome, Request, Response, type ResponseMessage, type RunRequest } from '../channel/records.js'
import { WorkerState } from '../channel/words.js'
import { callDue } from './callbacks.js'
import { drainedAtExit } from './exit.js'
import type { FunctionName } from './function-names.js'
import type { ResolvedOptions, TaskOptions } from './options.js'
import type { Source } from './park.js'
import { Task, TaskState } from './task.js'
import { WorkerLink } from './worker-link.js'

const never = Number.POSITIVE_INFINITY

/** How long a worker may take to notice that it should end, in ms; after that it is killed. */
const closingTime = 1000

export interface Totals {
  completed: number
  failed: number
  cancelled: number
  abandoned: number
  restarts: number
}

/**
 * The caller's end of one executor: lets tasks in, hands them to the worker, settles them when outcomes come
 * back, and replaces the worker when it dies.
 */
export class Dispatcher implements Source {
  readonly options: ResolvedOptions
  readonly totals: Totals = { completed: 0, failed: 0, cancelled: 0, abandoned: 0, restarts: 0 }
  /** Accepted and not settled, in order of acceptance. */
  readonly pending = new Map<number, Task>()
  #link: WorkerLink | undefined
  #lastId = 0
  #closed = false
  #broken: BrokenExecutorError | undefined
  /** What the worker said was killing it. */
  #lastWords: Error | undefined
  #deaths: number[] = []
  #awaited = 0

  constructor(options: ResolvedOptions) {
    this.options = options
  }

  get name(): string {
    return this.options.name
  }

  get closed(): boolean {
    return this.#closed
  }

  get queued(): number {
    return this.#link?.queued ?? 0
  }

  get running(): number {
    return this.#link?.running ?? 0
  }

  /** Blocks while the queue is full. */
  submit(fn: FunctionName, args: readonly unknown[], options: TaskOptions | undefined): Task {
    this.takeIn()
    callDue()
    this.#checkOpen()
    if (!this.#startedLink().hasSpace()) this.#awaitSpace(fn, options?.submitTimeout)
    return this.#accept(fn, args, options)
  }

  /** Undefined if there is neither a free slot nor a place in the queue. */
  trySubmit(fn: FunctionName, args: readonly unknown[], options: TaskOptions | undefined): Task | undefined {
    this.takeIn()
    callDue()
    this.#checkOpen()
    return this.#startedLink().hasRoom() ? this.#accept(fn, args, options) : undefined
  }

  /** Blocks until the task is settled or `deadline` (on the clock of `performance.now()`) has passed. */
  await(task: Task, deadline: number): boolean {
    while (task.state === TaskState.Pending) {
      if (this.takeIn()) callDue()
      else if (isOver(deadline)) return false
      else this.#link?.awaitNews(deadline, this)
    }
    callDue()
    return true
  }

  /** Blocks until nothing is queued or running, or `deadline` has passed. */
  join(deadline: number): boolean {
    while (this.pending.size > 0) {
      if (this.takeIn()) callDue()
      else if (isOver(deadline)) return false
      else this.#link?.awaitNews(deadline, this)
    }
    callDue()
    return true
  }

  cancel(task: Task, reason: unknown): boolean {
    this.takeIn()
    const error = new CancelledError(
      `${task.label} was cancelled`,
      reason === undefined ? undefined : { cause: reason },
    )
    if (!this.#settle(task, TaskState.Cancelled, error)) return false
    this.#link?.cancel(task.id)
    callDue()
    return true
  }

  isRunning(task: Task): boolean {
    return this.#link?.isRunning(task.id) ?? false
  }

  /** No more tasks from now on. */
  stopAccepting(): void {
    this.#closed = true
    this.#closeWhenIdle()
  }

  cancelPending(): void {
    for (const task of this.pending.values()) if (!this.isRunning(task)) this.cancel(task, undefined)
  }

  /**
   * Blocks until every task is settled and the worker has ended. What is unsettled at `deadline` is abandoned: the
   * worker is killed. Returns those tasks.
   */
  end(deadline: number): Task[] {
    if (!this.join(deadline)) return this.#abandonAll()
    this.closeWorker(deadline)
    return []
  }

  /** Blocks until the worker has ended after its own exit hooks; to be called when no task is left. */
  closeWorker(deadline: number): void {
    const link = this.#link
    this.#link = undefined
    drainedAtExit.delete(this)
    if (link === undefined) return
    link.close()
    const noticed = Math.min(deadline, performance.now() + closingTime)
    while (link.state !== WorkerState.Exited && link.isAlive()) {
      const limit = link.state === WorkerState.Exiting ? deadline : noticed
      if (performance.now() < limit) link.awaitExit()
      else {
        link.terminate() // it is stuck, or its exit hooks take too long
        return
      }
    }
  }

  get workerHasExitHooks(): boolean {
    return this.#link?.hasExitHooks ?? false
  }

  #abandonAll(): Task[] {
    const abandoned = [...this.pending.values()]
    this.#link?.terminate()
    this.#link = undefined
    drainedAtExit.delete(this)
    this.totals.abandoned += abandoned.length
    this.totals.failed -= abandoned.length // settled as rejected, but reported apart
    for (const task of abandoned) this.#settle(task, TaskState.Rejected, abandonedError(task))
    callDue()
    return abandoned
  }

  /** The event loop stays alive while anything is awaited. */
  holdEventLoop(): void {
    if (this.#awaited++ === 0) this.#link?.ref()
  }

  releaseEventLoop(): void {
    if (--this.#awaited === 0) this.#link?.unref()
  }

  takeIn(): boolean {
    return this.#link?.takeIn() ?? false
  }

  checkAlive(): void {
    const link = this.#link
    if (link !== undefined && !link.isAlive()) this.#onDeath(link, link.exitCode)
  }

  /** Fewer than `queueSize` tasks wait: `submit` would not block. */
  hasSpace(): boolean {
    return this.#startedLink().hasSpace()
  }

  hasNews(): boolean {
    return this.#link?.hasNews() ?? false
  }

  #checkOpen(): void {
    if (this.#broken !== undefined) throw brokenError(this.name, this.#broken.cause)
    if (this.#closed)
      throw new ExecutorClosedError(`executor '${this.name}' has been shut down and accepts no tasks`)
  }

  #startedLink(): WorkerLink {
    this.#link ??= this.#startLink()
    return this.#link
  }

  #startLink(): WorkerLink {
    const link: WorkerLink = new WorkerLink(this.options, {
      onMessage: message => this.#onMessage(message),
      onDelivery: callDue,
      onExit: exitCode => {
        this.#onDeath(link, exitCode)
        callDue()
      },
    })
    if (this.#awaited > 0) link.ref()
    drainedAtExit.add(this)
    return link
  }

  #awaitSpace(fn: FunctionName, timeout: number | undefined): void {
    const start = performance.now()
    const deadline = timeout === undefined ? never : start + timeout
    for (;;) {
      this.#checkOpen()
      const link = this.#startedLink()
      if (link.hasSpace()) return
      if (isOver(deadline)) {
        if (link.hasRoom()) return
        throw this.#queueFull(fn, performance.now() - start)
      }
      if (this.takeIn()) callDue()
      else link.awaitSpace(deadline, this)
    }
  }

  #queueFull(fn: FunctionName, waited: number): QueueFullError {
    return new QueueFullError(
      `no queue space for ${fn.label} in executor '${this.name}' after ${Math.round(waited)} ms: ` +
        `${this.running} running (size ${this.options.size}), ${this.queued} queued (queueSize ${this.options.queueSize})`,
    )
  }

  /** From here on the task ends in exactly one way; if sending it throws, nothing has been accepted. */
  #accept(fn: FunctionName, args: readonly unknown[], options: TaskOptions | undefined): Task {
    const task = new Task(++this.#lastId, this, fn, args, options)
    const delivered = this.#send(task, options?.transferList)
    this.pending.set(task.id, task)
    if (!delivered) this.checkAlive()
    return task
  }

  #send(task: Task, transferList?: readonly Transferable[]): boolean {
    const link = this.#startedLink()
    const { id, fn, args, options } = task
    link.define(fn)
    const message: RunRequest = [Request.Run, id, fn.number, args ?? []]
    if (options?.priority) message.push(options.priority)
    try {
      return link.run(message, transferList)
    } catch (error) {
      if (!isDataCloneError(error)) throw error
      throw notCloneable('args', args, error, `the arguments of ${fn.label}`)
    }
  }

  #onMessage(message: ResponseMessage): void {
    switch (message[0]) {
      case Response.Settled:
        for (let index = 1; index < message.length; index += 3)
          this.#onOutcome(message[index] as number, message[index + 1] as Outcome, message[index + 2])
        break
      case Response.Died:
        this.#lastWords = decodeError(message[1])
        break
    }
  }

  #onOutcome(id: number, outcome: Outcome, value: unknown): void {
    const task = this.pending.get(id)
    if (task === undefined) return // cancelled or abandoned: a late reply is nobody's
    if (outcome === Outcome.Fulfilled) this.#settle(task, TaskState.Fulfilled, value)
    else if (outcome === Outcome.Failed)
      this.#settle(task, TaskState.Rejected, decodeError(value as ErrorRecord))
    else this.#settle(task, TaskState.Rejected, value)
  }

  #settle(task: Task, state: Exclude<TaskState, TaskState.Pending>, value: unknown): boolean {
    if (!this.pending.delete(task.id)) return false
    if (state === TaskState.Fulfilled) this.totals.completed++
    else if (state === TaskState.Rejected) this.totals.failed++
    else this.totals.cancelled++
    task.settle(state, value)
    this.#closeWhenIdle()
    return true
  }

  #closeWhenIdle(): void {
    if (this.#closed && this.pending.size === 0) this.#link?.close()
  }

  #onDeath(link: WorkerLink, exitCode: number | undefined): void {
    if (link !== this.#link) return
    link.takeInRest()
    this.#link = undefined
    if (link.isClosing) {
      drainedAtExit.delete(this)
      return
    }
    const cause = this.#lastWords
    this.#lastWords = undefined
    const reason = describeDeath(exitCode, cause)
    for (const task of [...this.pending.values()])
      if (link.isRunning(task.id) && task.options?.idempotent !== true)
        this.#settle(task, TaskState.Rejected, diedError(task, exitCode, reason, cause))
    if (this.#mayRestart()) this.#resend()
    else this.#break(reason, cause)
  }

  #mayRestart(): boolean {
    const { max, within } = this.options.restart
    const now = performance.now()
    this.#deaths = this.#deaths.filter(time => now - time < within)
    this.#deaths.push(now)
    return this.#deaths.length <= max
  }

  /** What waited in the dead worker's queue goes to a new one, in the order of its acceptance. */
  #resend(): void {
    this.totals.restarts++
    for (const task of [...this.pending.values()]) {
      try {
        this.#send(task)
      } catch (error) {
        // Its arguments were cloneable at the first time: they have been transferred or changed since.
        this.#settle(task, TaskState.Rejected, error)
      }
    }
  }

  #break(reason: string, cause: unknown): void {
    this.#broken = brokenError(this.name, cause ?? reason)
    for (const task of [...this.pending.values()])
      this.#settle(task, TaskState.Rejected, brokenError(this.name, cause ?? reason))
    drainedAtExit.delete(this)
  }
}

/** Most waits have no end; they need no clock. */
function isOver(deadline: number): boolean {
  return deadline !== never && performance.now() >= deadline
}

function describeDeath(exitCode: number | undefined, cause: unknown): string {
  if (cause !== undefined) return 'an uncaught error ended it'
  if (exitCode === undefined) return 'it was terminated, ran out of memory or could not start'
  return `it exited with code ${exitCode}`
}

function diedError(
  task: Task,
  exitCode: number | undefined,
  reason: string,
  cause: unknown,
): WorkerDiedError {
  const message = `the worker died while it was running ${task.label}: ${reason}`
  return new WorkerDiedError(message, { exitCode, reason, ...(cause !== undefined && { cause }) })
}

function brokenError(name: string, cause: unknown): BrokenExecutorError {
  return new BrokenExecutorError(`executor '${name}' is broken: its worker died too often`, { cause })
}

function abandonedError(task: Task): ExecutorClosedError {
  return new ExecutorClosedError(`${task.label} was abandoned: its executor was shut down before it was done`)
}
