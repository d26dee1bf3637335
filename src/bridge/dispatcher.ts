import { longestTimer, now } from '../channel/clock.js'
import { unreadable } from '../channel/cloneable.js'
import { type Death, describeDeath, withCause } from '../channel/death.js'
import { decodeError } from '../channel/error-record.js'
import { CancelledError, ExecutorClosedError } from '../channel/errors.js'
import { onAbort } from '../channel/on-abort.js'
import { Response, type UnreadResponse } from '../channel/records.js'
import { Shared, type SharedExecutor, SharedStatus } from '../channel/sharing.js'
import { WorkerState } from '../channel/words.js'
import { refuseAborted } from './abort.js'
import { Admission } from './admission.js'
import { Answers } from './answers.js'
import { AttachedLink } from './attached-link.js'
import { type Attachment, createShared } from './attachment.js'
import { callDue } from './callbacks.js'
import { isOver, never } from './deadline.js'
import { callbackDeadlock } from './deadlock.js'
import { abandonedError, brokenError, DeathCount, findDeath } from './deaths.js'
import { announce, submitted, workerDied, workerStarted } from './diagnostics.js'
import { EventLoopWaits } from './event-loop.js'
import { drainedAtExit, giveUp, reportOthers } from './exit.js'
import type { FunctionName } from './function-names.js'
import { ancestors, isOwn, refuseOwnExecutor } from './identity.js'
import { Ledger } from './ledger.js'
import type { Link, LinkEvents } from './link.js'
import { OpenStreams } from './open-streams.js'
import type { ResolvedOptions, TaskOptions } from './options.js'
import { alsoWatched, type Source } from './park.js'
import { loseRunning, resend, timeOutOverdue } from './recovery.js'
import type { Remotes } from './remote.js'
import { send } from './send.js'
import { drainOnSignals, stopListening } from './signals.js'
import type { StreamBuffer } from './stream.js'
import type { SubmitSite } from './submit-site.js'
import { Task, TaskState } from './task.js'
import { WorkerLink } from './worker-link.js'

/** Ids are Int32 words in shared memory, where 0 means none. */
const largestId = 2 ** 31 - 1

/** How long a worker may take to notice that it should end, in ms; after that it is killed. */
const closingTime = 1000

/** How often an event loop that is waited on looks after its worker, in ms. */
const watchInterval = 50

/** How rarely at most one does that nobody waits on, for other threads, in ms. */
const longestWatchInterval = 1000

/** What a task is made of. */
export interface Call {
  fn: FunctionName
  args: readonly unknown[]
  /** Not users' own objects, which they may change. */
  options?: TaskOptions | undefined
  /** Where it was submitted. */
  site?: SubmitSite | undefined
  /** Where its items go, if it is a stream. */
  stream?: StreamBuffer
  /** Whoever submits it waits for the outcome. */
  isExpected?: boolean
}

/**
 * The caller's end of one executor: lets tasks in, hands them to the worker, waits for their outcomes, and replaces
 * the worker when it dies.
 */
export class Dispatcher implements Source {
  readonly options: ResolvedOptions
  /** The same for the same executor seen from another thread. */
  readonly identity: string
  readonly ledger = new Ledger()
  readonly #admission = new Admission(this)
  /** What its tasks call in this thread. */
  readonly answers = new Answers((answer, transferList) => this.#link?.post(answer, transferList))
  /** From the first `remote()` on. */
  remotes: Remotes | undefined
  readonly streams = new OpenStreams(this)
  readonly eventLoop = new EventLoopWaits(this)
  readonly #deaths: DeathCount
  readonly #attachment: Attachment | undefined
  /** If it has been shared with other threads. */
  #shared: SharedExecutor | undefined
  #link: Link | undefined
  /** Looks after the worker for other threads. */
  #watch: NodeJS.Timeout | undefined
  #workersStarted = 0
  #lastId = 0
  #closed = false
  /** The death that was one too many. */
  #broken: Death | undefined
  /** When the worker was last looked after. */
  #checked = 0

  /** @param attachment - if another thread owns the executor */
  constructor(options: ResolvedOptions, identity: string, attachment?: Attachment) {
    this.options = options
    this.identity = identity
    this.#attachment = attachment
    this.#deaths = new DeathCount(options.restart)
  }

  get name(): string {
    return this.options.name
  }

  get closed(): boolean {
    return this.#closed
  }

  /** The worker and its channel; undefined before the first task, and between a death and the next task. */
  get link(): Link | undefined {
    return this.#link
  }

  get restarts(): number {
    return Math.max(0, (this.#attachment?.workersStarted ?? this.#workersStarted) - 1)
  }

  get queued(): number {
    return this.#link?.queued ?? 0
  }

  get unfinished(): number {
    return this.#link?.unfinished ?? 0
  }

  get running(): number {
    return this.#link?.running ?? 0
  }

  isRunning(task: Task): boolean {
    return this.#link?.isRunning(task.id) ?? false
  }

  /** Blocks while the queue is full. */
  submit(call: Call): Task {
    this.takeIn()
    callDue()
    this.checkOpen()
    if (!this.#admission.isEmpty || !this.startedLink().reserve()) this.#admission.block(call)
    return this.#accept(call)
  }

  /** Undefined if there is neither a free slot nor a place in the queue. */
  trySubmit(call: Call): Task | undefined {
    this.takeIn()
    callDue()
    this.checkOpen()
    if (this.#admission.isEmpty && this.startedLink().hasRoom()) return this.#accept(call)
    refuseAborted(call.options?.signal, call.fn.label)
    this.checkNowAndThen()
    return undefined
  }

  /** Waits for queue space without blocking. */
  async submitLater(call: Call): Promise<Task> {
    this.takeIn()
    callDue()
    this.checkOpen()
    const { fn, options } = call
    refuseAborted(options?.signal, fn.label)
    if (this.#admission.isEmpty && this.startedLink().reserve()) return this.#accept(call)
    return this.#admission.wait(fn, options, () => this.#accept(call))
  }

  /** Blocks until the task is settled or `deadline` (on the clock of `now()`) has passed. */
  await(task: Task, deadline: number): boolean {
    while (task.state === TaskState.Pending) {
      if (!this.takeIn() && !isOver(deadline)) this.#awaitNews(deadline)
      callDue(deadline)
      if (task.state === TaskState.Pending && this.#isTooLate(deadline)) return false
    }
    callDue()
    return true
  }

  /** Blocks until every accepted task is settled, or `deadline` has passed. */
  drain(deadline: number): boolean {
    return this.awaitUntil(() => this.ledger.pending.size === 0, deadline)
  }

  /** Blocks until messages have made the condition true, or `deadline` has passed; returns whether it holds. */
  awaitUntil(holds: () => boolean, deadline: number): boolean {
    while (!holds()) {
      if (!this.takeIn() && !isOver(deadline)) this.#awaitNews(deadline)
      callDue(deadline)
      if (!holds() && this.#isTooLate(deadline)) return false
    }
    callDue()
    return true
  }

  /** Also waits for tasks that are settled, being cancelled or too late, and still hold their slots. */
  join(deadline: number): boolean {
    while (this.drain(deadline)) {
      if (this.unfinished === 0 && this.ledger.pending.size === 0) return true
      if (isOver(deadline)) return false
      if (this.takeIn()) continue
      this.refuseDeadlock(deadline)
      this.#link?.awaitRelease(deadline, this)
    }
    return false
  }

  cancel(task: Task, reason: unknown): boolean {
    this.takeIn()
    const cause = reason === undefined ? undefined : { cause: reason }
    const error = new CancelledError(`${task.label} was cancelled`, cause)
    const isCancelled = this.ledger.settle(task, TaskState.Cancelled, error)
    if (isCancelled) {
      this.#link?.cancel(task.id, error)
      this.#closeWhenIdle()
    }
    callDue()
    return isCancelled
  }

  cancelPending(): void {
    const running = new Set(this.runningIds())
    for (const task of [...this.ledger.pending.values()])
      if (!running.has(task.id)) this.cancel(task, undefined)
  }

  /** No more tasks from now on. The worker ends by itself after the last one. */
  stopAccepting(): void {
    this.#closed = true
    this.#endSharing(SharedStatus.Closed)
    this.#admission.close(this.#closedError())
    this.#closeWhenIdle()
  }

  /** Blocks until the worker has ended after its own exit hooks; to be called when no task is left. */
  closeWorker(deadline: number): void {
    const link = this.#letGo()
    if (link === undefined) return
    // Tasks of other threads are done first.
    const noticed = link.isShared ? deadline : Math.min(deadline, now() + closingTime)
    let hung = deadline
    while (link.state !== WorkerState.Exited && link.isAlive()) {
      const isExiting = link.state === WorkerState.Exiting
      if (isExiting) hung = Math.min(hung, now() + this.options.hangTimeout)
      if (now() < (isExiting ? hung : noticed)) link.awaitExit()
      else {
        this.#terminate(link)
        return
      }
    }
  }

  /** As `closeWorker`, but does not block. */
  async closeWorkerLater(deadline: number): Promise<void> {
    const link = this.#letGo()
    if (link === undefined || link.state === WorkerState.Exited) return
    const noticed = now() + closingTime
    const exited = link.hasExitHooks ? noticed + this.options.hangTimeout : noticed
    const limit = Math.min(deadline, link.isShared ? deadline : exited, now() + longestTimer)
    const timer = setTimeout(() => this.#terminate(link), limit - now())
    await link.hasExited()
    clearTimeout(timer)
  }

  /** It is stuck, its exit hooks take too long, or tasks of other threads do. */
  #terminate(link: Link): void {
    const { tasksOfOthers } = link
    link.terminate()
    reportOthers(this, tasksOfOthers)
  }

  #letGo(): Link | undefined {
    const link = this.#link
    this.#link = undefined
    this.#forget()
    link?.close()
    this.eventLoop.onSpace()
    return link
  }

  /** Kills the worker; what is unsettled is rejected. */
  abandon(): void {
    this.#admission.close(this.#closedError()) // whoever waits would start another worker
    const link = this.#link
    this.#link = undefined // first: in Deno the thread's exit is reported from inside terminate()
    link?.terminate()
    link?.onDeath()
    this.remotes?.onDeath()
    this.eventLoop.onSpace()
    this.#forget()
    this.ledger.reject(this.ledger.pending.values(), abandonedError, 'abandoned')
    callDue()
  }

  hasNews(): boolean {
    return this.#link?.hasNews() ?? false
  }

  takeIn(): boolean {
    if (this.#link === undefined || !this.#link.takeIn()) return false
    this.#afterNews()
    return true
  }

  /** Everything that has been asked for is settled: nothing is pending, and nothing waits to be accepted. */
  get isIdle(): boolean {
    return this.ledger.pending.size === 0 && this.#admission.isEmpty
  }

  /** What has been asked for and is not settled: tasks, and calls that wait to be accepted. */
  unsettled(): { readonly fn: FunctionName }[] {
    return [...this.ledger.pending.values(), ...this.#admission.waiting]
  }

  /** Lets in what waits on the event loop, or refuses it, without a message that says that it may. */
  admit(): void {
    this.#admission.admit()
  }

  /** Fewer than `queueSize` tasks wait: `submit` would not block. */
  hasSpace(): boolean {
    return this.#link?.hasSpace() ?? true
  }

  /** Whether the next task can be sent; if not, the worker will send a message when it can. */
  reserveOrAsk(): boolean {
    const link = this.startedLink()
    if (link.reserve()) return true
    link.askForSpace()
    link.wish()
    return link.reserve()
  }

  /** For code that polls: takes in what has come, and looks after the worker now and then. */
  poll(): void {
    if (this.takeIn()) callDue()
    else this.checkNowAndThen()
  }

  /** A worker that is busy sending may keep its caller from ever parking, where it would look after it. */
  checkNowAndThen(hangTimeout?: number): void {
    if (this.#link?.isExiting || now() - this.#checked >= watchInterval) this.checkAlive(hangTimeout)
  }

  /** Looks for what no message tells: a dead worker, one that hangs, tasks that it failed to time out. */
  checkAlive(hangTimeout = this.options.hangTimeout): void {
    const link = this.#link
    if (link === undefined) return
    this.#checked = now()
    const death = findDeath(link, hangTimeout)
    if (death !== undefined) this.#onDeath(link, death)
    else if (this.ledger.timed > 0) timeOutOverdue(this, link)
  }

  /**
   * To be called before this thread sleeps for this executor.
   *
   * @throws {DeadlockError} if it would wait, without a limit, for what waits for this thread
   */
  refuseDeadlock(deadline: number): void {
    if (!this.answers.isRunning) this.answers.refuseUnanswered()
    this.refuseInCallback(deadline)
    if (deadline === never) this.streams.refuseDeadlock()
  }

  /**
   * To be called before anything is taken in: whether a callback may wait must not depend on what has come by chance.
   *
   * @throws {DeadlockError} if a callback is running, and would wait without a limit
   */
  refuseInCallback(deadline: number): void {
    if (deadline === never && this.answers.isRunning) throw callbackDeadlock(this.name)
  }

  /** Nobody will ever send what is pending in an executor whose worker was ended. */
  abandonIfEnded(): void {
    if (this.#link === undefined && this.ledger.pending.size > 0) this.abandon()
  }

  get isInOwnWorker(): boolean {
    return isOwn(this.identity)
  }

  /**
   * Inside its own worker there is only a copy, and nothing that the copy could wait for, or end. An exit hook of its
   * module may still close it.
   *
   * @throws {DeadlockError}
   */
  refuseOwnWorker(): void {
    const isExiting = (process as { _exiting?: boolean })._exiting === true
    if (!isExiting) refuseOwnExecutor(this.identity, this.name)
  }

  #awaitNews(deadline: number): void {
    this.refuseDeadlock(deadline)
    this.abandonIfEnded()
    this.#link?.awaitNews(deadline, this)
  }

  #isTooLate(deadline: number): boolean {
    this.checkNowAndThen()
    return isOver(deadline)
  }

  /** The worker is gone for good, or until the next task. */
  #forget(): void {
    drainedAtExit.delete(this)
    alsoWatched.delete(this)
    clearInterval(this.#watch)
    stopListening(this)
  }

  /** @throws {ExecutorClosedError}, {BrokenExecutorError} */
  checkOpen(): void {
    if (this.#closed || this.#attachment?.status === SharedStatus.Closed) throw this.#closedError()
    if (this.#broken !== undefined) throw brokenError(this.name, this.#broken)
  }

  #closedError(): ExecutorClosedError {
    return new ExecutorClosedError(`executor '${this.name}' has been shut down and accepts no tasks`)
  }

  /** Starts the worker if there is none. */
  startedLink(): Link {
    this.#link ??= this.#startLink()
    return this.#link
  }

  #startLink(): Link {
    refuseOwnExecutor(this.identity, this.name)
    drainOnSignals(this)
    const link: Link = this.#connect({
      onMessage: message => {
        if (message[0] === Response.Died) link.lastWords = decodeError(message[1])
        else if (message[0] === Response.Space) this.eventLoop.onSpace()
        else if (message[0] === Response.Used || message[0] === Response.Dropped)
          this.remotes?.receive(message)
        else if (message[0] === Response.Connected) link.share(message[1])
        else if (message[0] === Response.Unread) this.#onUnread(link, message)
        else this.ledger.receive(message)
      },
      onDelivery: () => {
        this.#afterNews()
        callDue()
      },
      onError: error => {
        link.lastWords ??= error
      },
      onExit: exitCode => {
        this.#onDeath(link, describeDeath(exitCode))
        callDue()
      },
    })
    drainedAtExit.add(this)
    return link
  }

  /** The worker could not read what was sent: that fails, and nothing else. */
  #onUnread(link: Link, [, number, reason]: UnreadResponse): void {
    if (link.replace(number, reason)) return
    const task = [...this.ledger.pending.values()].find(({ message }) => message === number)
    link.takeBack(task)
    if (task === undefined) return // cancelled meanwhile
    const error = unreadable(`the arguments of ${task.fn.label}`, reason)
    this.ledger.settle(task, TaskState.Rejected, error)
  }

  #connect(events: LinkEvents): Link {
    if (this.#attachment !== undefined) return new AttachedLink(this.#attachment.shared, events)
    const link = new WorkerLink(this.options, [...ancestors(), this.identity], this.#shared?.id, events)
    if (this.#shared !== undefined) Atomics.add(this.#shared.state, Shared.Generation, 1)
    this.#workersStarted++
    announce(workerStarted, { executor: this.name, restarts: this.restarts })
    return link
  }

  /** Lets other threads use the executor too. */
  share(): SharedExecutor {
    if (this.#attachment !== undefined) return this.#attachment.shared
    this.checkOpen()
    if (this.#shared === undefined) {
      this.#shared = createShared(this.options, this.identity, this.#workersStarted)
      this.#watchForOthers()
      if (this.#link instanceof WorkerLink) this.#link.shareAs(this.#shared.id)
    }
    this.startedLink()
    return this.#shared
  }

  /**
   * Other threads wait for the worker, and only the owner can end one that hangs: also while this thread is blocked in
   * another wait, or waits for nothing.
   */
  #watchForOthers(): void {
    alsoWatched.add(this)
    const { hangTimeout } = this.options
    if (hangTimeout === never) return
    const interval = Math.max(watchInterval, Math.min(hangTimeout, longestWatchInterval) / 2)
    this.#watch = setInterval(() => {
      this.checkNowAndThen()
      callDue()
    }, interval).unref()
  }

  #endSharing(status: SharedStatus): void {
    if (this.#shared !== undefined) Atomics.store(this.#shared.state, Shared.Status, status)
  }

  /** From here on the task ends in exactly one way; if sending it throws, nothing has been accepted. */
  #accept(call: Call): Task {
    const { options } = call
    const link = this.startedLink()
    let task: Task
    let delivered: boolean
    try {
      refuseAborted(options?.signal, call.fn.label)
      this.#lastId = this.#lastId === largestId ? 1 : this.#lastId + 1
      task = new Task(this.#lastId, this, call)
      delivered = send(link, task, options?.transferList)
    } catch (error) {
      link.unwish()
      throw error
    }
    // Getters in the arguments have run meanwhile, and may have shut the executor down, or seen the worker die.
    if (link.isClosing || (this.#link !== link && this.#closed)) throw this.#closedError()
    for (let sentTo: Link = link; this.#link !== sentTo; ) {
      this.checkOpen()
      sentTo = this.startedLink()
      task.isResent = true
      send(sentTo, task)
    }
    this.ledger.add(task)
    if (task.stream !== undefined) this.streams.add(task)
    if (options?.signal !== undefined) this.#cancelOnAbort(task, options.signal)
    if (submitted.hasSubscribers) announce(submitted, task.info)
    if (!delivered) this.checkAlive()
    // In an exit handler that runs after the drain nothing will wait for the task later.
    const { drainOnExit } = this.options
    if (
      drainedAtExit.isOver &&
      drainOnExit !== false &&
      task.stream === undefined &&
      !this.await(task, now() + drainOnExit.timeout)
    )
      giveUp(this, drainOnExit.timeout)
    return task
  }

  #cancelOnAbort(task: Task, signal: AbortSignal): void {
    if (signal.aborted) this.cancel(task, signal.reason)
    else task.observe(onAbort(signal, reason => this.cancel(task, reason)))
  }

  /** Nothing of ours is half done: what waited for news may act. */
  #afterNews(): void {
    this.#closeWhenIdle()
    this.#admission.admit()
  }

  #closeWhenIdle(): void {
    if (this.#closed && this.ledger.pending.size === 0) this.#link?.close()
  }

  runningIds(): number[] {
    return this.#link === undefined ? [] : [...this.#link.runningTasks()].map(({ id }) => id)
  }

  /** Any of them may have run: which one it was that cannot be read, only the dead worker knew. */
  #idsThatReached(link: Link): number[] {
    return [...this.ledger.pending.values()].filter(task => link.hasReached(task)).map(({ id }) => id)
  }

  #onDeath(link: Link, found: Death): void {
    if (link !== this.#link) return
    const isOutcomeLost = link.takeInRest()
    link.onDeath()
    const running = isOutcomeLost ? this.#idsThatReached(link) : this.runningIds()
    const death = withCause(link.stall ?? found, link.lastWords)
    this.#link = undefined
    if (link.isClosing) {
      this.#forget()
      this.eventLoop.onSpace() // slots of tasks that were cancelled are gone with it
      return
    }
    const { exitCode, reason, cause: error } = death
    announce(workerDied, { executor: this.name, reason, exitCode, error })
    // What the owner has ended did not die.
    const isEnded = death.isClosed === true && death.exitCode === undefined
    if (!isEnded) loseRunning(this.ledger, running, death)
    if (death.isClosed) this.#endWithOwner()
    else if (this.#deaths.add() && !death.isFinal) resend(this, death)
    else this.#break(death)
    this.remotes?.onDeath()
    // Others have tasks there too, and may wait for a new worker.
    if (this.#shared !== undefined && this.#broken === undefined && !this.#closed) this.startedLink()
    this.eventLoop.onSpace()
    this.#afterNews()
  }

  #endWithOwner(): void {
    this.ledger.lose([...this.ledger.pending.values()], abandonedError, 'abandoned')
    this.#admission.close(this.#closedError())
    this.#forget()
  }

  #break(death: Death): void {
    this.#broken = death
    this.#endSharing(SharedStatus.Broken)
    this.ledger.lose([...this.ledger.pending.values()], () => brokenError(this.name, death))
    this.#admission.close(brokenError(this.name, death))
    this.#forget()
  }
}
