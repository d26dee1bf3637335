import type { Transferable } from 'node:worker_threads'
import { isDataCloneError, notCloneable } from '../channel/cloneable.js'
import { decodeError, type ErrorRecord } from '../channel/error-record.js'
import { CancelledError, ExecutorClosedError, QueueFullError, TimeoutError } from '../channel/errors.js'
import {
  Outcome,
  Request,
  Response,
  type ResponseMessage,
  type RunExtras,
  type RunRequest,
} from '../channel/records.js'
import { WorkerState } from '../channel/words.js'
import { callDue, callSoon } from './callbacks.js'
import {
  abandonedError,
  brokenError,
  type Death,
  DeathCount,
  describeDeath,
  diedError,
  findDeath,
  withCause,
} from './deaths.js'
import { settled, started, submitted, workerDied, workerStarted } from './diagnostics.js'
import { drainedAtExit } from './exit.js'
import type { FunctionName } from './function-names.js'
import { ancestors, refuseOwnExecutor } from './identity.js'
import type { ResolvedOptions, TaskOptions } from './options.js'
import type { Source } from './park.js'
import { drainOnSignals } from './signals.js'
import { type SettledState, Task, TaskState } from './task.js'
import { WorkerLink } from './worker-link.js'

const never = Number.POSITIVE_INFINITY

/** Ids are Int32 words in shared memory, where 0 means none. */
const largestId = 2 ** 31 - 1

/** How long a worker may take to notice that it should end, in ms; after that it is killed. */
const closingTime = 1000

/** How often an event loop that is waited on looks after its worker, in ms. */
const watchInterval = 50

/** How long a worker may be late in timing a task out before its caller does it, in ms. */
const grace = 50

export interface Totals {
  completed: number
  failed: number
  cancelled: number
  abandoned: number
  restarts: number
  /** Of the failed ones, those that died with a worker. */
  lost: number
}

/**
 * The caller's end of one executor: lets tasks in, hands them to the worker, settles them when outcomes come
 * back, and replaces the worker when it dies.
 */
export class Dispatcher implements Source {
  readonly options: ResolvedOptions
  /** The same for the same executor seen from another thread. */
  readonly identity: string
  readonly totals: Totals = { completed: 0, failed: 0, cancelled: 0, abandoned: 0, restarts: 0, lost: 0 }
  /** Accepted and not settled, in order of acceptance. */
  readonly pending = new Map<number, Task>()
  readonly #deaths: DeathCount
  #link: WorkerLink | undefined
  #workersStarted = 0
  #lastId = 0
  #closed = false
  /** The death that was one too many. */
  #broken: Death | undefined
  /** What the worker said was killing it. */
  #lastWords: Error | undefined
  /** Pending tasks that have a timeout. */
  #timed = 0
  /** Promises that somebody waits for. */
  #awaited = 0
  #watch: NodeJS.Timeout | undefined

  constructor(options: ResolvedOptions, identity: string) {
    this.options = options
    this.identity = identity
    this.#deaths = new DeathCount(options.restart)
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
    const cause = reason === undefined ? undefined : { cause: reason }
    const error = new CancelledError(`${task.label} was cancelled`, cause)
    if (!this.#settle(task, TaskState.Cancelled, error)) return false
    this.#link?.cancel(task.id, error)
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

  /** Resolves when nothing is queued or running, or with false after `timeout` ms. Does not block. */
  async joinLater(timeout: number): Promise<boolean> {
    this.holdEventLoop()
    const deadline = performance.now() + timeout
    try {
      while (this.pending.size > 0) {
        const left = deadline - performance.now()
        if (left <= 0) return false
        await this.#anySettled(left)
      }
      return true
    } finally {
      this.releaseEventLoop()
    }
  }

  /** One of the pending tasks has settled, or `timeout` ms have passed. */
  #anySettled(timeout: number): Promise<void> {
    return new Promise(resolve => {
      const [task] = this.pending.values()
      const timer = timeout === never ? undefined : setTimeout(finish, Math.min(timeout, 2 ** 31 - 1))
      function finish(): void {
        clearTimeout(timer)
        task?.observers?.delete(finish)
        resolve()
      }
      task?.observe(finish)
    })
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

  /** Kills the worker; what is unsettled is rejected. */
  abandon(): void {
    const abandoned = [...this.pending.values()]
    this.#link?.terminate()
    this.#link = undefined
    drainedAtExit.delete(this)
    for (const task of abandoned) this.#settle(task, TaskState.Rejected, abandonedError(task))
    this.totals.abandoned += abandoned.length
    this.totals.failed -= abandoned.length // they are counted apart
    callDue()
  }

  /** The event loop stays alive while anything is awaited, and looks after what a blocked caller looks after. */
  holdEventLoop(): void {
    if (this.#awaited++ > 0) return
    this.#link?.ref()
    this.#watch = setInterval(() => {
      this.checkAlive()
      callDue()
    }, watchInterval).unref()
  }

  releaseEventLoop(): void {
    if (--this.#awaited > 0) return
    this.#link?.unref()
    clearInterval(this.#watch)
  }

  takeIn(): boolean {
    return this.#link?.takeIn() ?? false
  }

  /** Looks for what no message tells: a dead worker, one that hangs, tasks that it failed to time out. */
  checkAlive(): void {
    const link = this.#link
    if (link === undefined) return
    const death = findDeath(link, this.options)
    if (death !== undefined) this.#onDeath(link, death)
    else if (this.#timed > 0) this.#timeOutOverdue(link)
  }

  /** Fewer than `queueSize` tasks wait: `submit` would not block. */
  hasSpace(): boolean {
    return this.#startedLink().hasSpace()
  }

  hasNews(): boolean {
    return this.#link?.hasNews() ?? false
  }

  #checkOpen(): void {
    if (this.#broken !== undefined) throw brokenError(this.name, this.#broken)
    if (this.#closed)
      throw new ExecutorClosedError(`executor '${this.name}' has been shut down and accepts no tasks`)
  }

  #startedLink(): WorkerLink {
    this.#link ??= this.#startLink()
    return this.#link
  }

  #startLink(): WorkerLink {
    refuseOwnExecutor(this.identity, this.name)
    const link: WorkerLink = new WorkerLink(this.options, [...ancestors(), this.identity], {
      onMessage: message => this.#onMessage(message),
      onDelivery: callDue,
      onError: error => {
        this.#lastWords ??= error
      },
      onExit: exitCode => {
        this.#onDeath(link, describeDeath(exitCode))
        callDue()
      },
    })
    if (this.#awaited > 0) link.ref()
    drainedAtExit.add(this)
    drainOnSignals(this)
    this.totals.restarts = this.#workersStarted++
    if (workerStarted.hasSubscribers)
      workerStarted.publish({ executor: this.name, restarts: this.totals.restarts })
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
    this.#lastId = this.#lastId === largestId ? 1 : this.#lastId + 1
    const task = new Task(this.#lastId, this, fn, args, options)
    const delivered = this.#send(task, options?.transferList)
    this.pending.set(task.id, task)
    if (task.timeout !== undefined) this.#timed++
    if (submitted.hasSubscribers) submitted.publish(task.info)
    if (!delivered) this.checkAlive()
    return task
  }

  #send(task: Task, transferList?: readonly Transferable[]): boolean {
    const link = this.#startedLink()
    const { id, fn, args } = task
    link.define(fn)
    const message: RunRequest = [Request.Run, id, fn.number, args ?? []]
    const extras = extrasOf(task)
    if (extras !== undefined) message.push(extras)
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
      case Response.Started:
        started.publish(this.pending.get(message[1])?.info)
        break
      case Response.Progress:
        this.#onProgress(message[1], message[2])
        break
      case Response.Died:
        this.#lastWords = decodeError(message[1])
        break
    }
  }

  #onProgress(id: number, value: unknown): void {
    const onProgress = this.pending.get(id)?.options?.onProgress
    if (onProgress !== undefined) callSoon('onProgress', () => onProgress(value))
  }

  #onOutcome(id: number, outcome: Outcome, value: unknown): void {
    const task = this.pending.get(id)
    if (task === undefined) return // cancelled or abandoned: a late reply is nobody's
    if (outcome === Outcome.Fulfilled) this.#settle(task, TaskState.Fulfilled, value)
    else if (outcome === Outcome.Failed)
      this.#settle(task, TaskState.Rejected, decodeError(value as ErrorRecord))
    else this.#settle(task, TaskState.Rejected, value)
  }

  #settle(task: Task, state: SettledState, value: unknown): boolean {
    if (!this.pending.delete(task.id)) return false
    if (state === TaskState.Fulfilled) this.totals.completed++
    else if (state === TaskState.Rejected) this.totals.failed++
    else this.totals.cancelled++
    if (task.timeout !== undefined) this.#timed--
    task.settle(state, value)
    if (settled.hasSubscribers) settled.publish({ ...task.info, state: stateNames[state] })
    this.#closeWhenIdle()
    return true
  }

  #closeWhenIdle(): void {
    if (this.#closed && this.pending.size === 0) this.#link?.close()
  }

  #onDeath(link: WorkerLink, found: Death): void {
    if (link !== this.#link) return
    link.takeInRest()
    this.#link = undefined
    const death = withCause(found, this.#lastWords)
    this.#lastWords = undefined
    if (link.isClosing) {
      drainedAtExit.delete(this)
      return
    }
    if (workerDied.hasSubscribers) workerDied.publish({ executor: this.name, ...death })
    const running = new Set([...link.runningTasks()].map(({ id }) => id))
    for (const task of [...this.pending.values()]) {
      if (!running.has(task.id)) continue
      if (task.options?.idempotent === true) task.attempt++
      else {
        this.totals.lost++
        this.#settle(task, TaskState.Rejected, diedError(task, death))
      }
    }
    if (this.#deaths.add()) this.#resend()
    else this.#break(death)
  }

  /** What waited in the dead worker's queue goes to a new one, in the order of its acceptance. */
  #resend(): void {
    for (const task of [...this.pending.values()]) {
      try {
        this.#send(task)
      } catch (error) {
        // Its arguments were cloneable at the first time: they have been transferred or changed since.
        this.#settle(task, TaskState.Rejected, error)
      }
    }
  }

  #break(death: Death): void {
    this.#broken = death
    this.totals.lost += this.pending.size
    for (const task of [...this.pending.values()])
      this.#settle(task, TaskState.Rejected, brokenError(this.name, death))
    drainedAtExit.delete(this)
  }

  /** The worker times tasks out, unless its event loop stands still. */
  #timeOutOverdue(link: WorkerLink): void {
    for (const { id, age } of link.runningTasks()) {
      const task = this.pending.get(id)
      if (task?.timeout === undefined || age < task.timeout + grace) continue
      const error = new TimeoutError(
        `${task.label} took longer than its timeout of ${task.timeout} ms, and the worker's event loop stands still ` +
          `for ${Math.round(link.heartbeatAge)} ms`,
      )
      if (this.#settle(task, TaskState.Rejected, error)) link.cancel(id, error)
    }
  }
}

/** Undefined for most tasks, which have nothing beyond a function and arguments. */
function extrasOf({ options, timeout, attempt }: Task): RunExtras | undefined {
  const announce = started.hasSubscribers
  if (options === undefined && timeout === undefined && attempt === 1 && !announce) return undefined
  return {
    ...(options?.priority !== undefined && { priority: options.priority }),
    ...(timeout !== undefined && { timeout }),
    ...(attempt > 1 && { attempt }),
    ...(announce && { announce }),
  }
}

const stateNames = {
  [TaskState.Fulfilled]: 'fulfilled',
  [TaskState.Rejected]: 'rejected',
  [TaskState.Cancelled]: 'cancelled',
} as const

/** Most waits have no end; they need no clock. */
function isOver(deadline: number): boolean {
  return deadline !== never && performance.now() >= deadline
}
