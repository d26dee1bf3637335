import { type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads'
import { now } from '../channel/clock.js'
import { unreadable } from '../channel/cloneable.js'
import type { Death } from '../channel/death.js'
import { type ErrorRecord, encodeError, withoutObjects } from '../channel/error-record.js'
import { Journal } from '../channel/journal.js'
import {
  type AnswerRequest,
  type CancelRequest,
  type CreditRequest,
  type DropRequest,
  type EndStreamRequest,
  Outcome,
  Request,
  type RequestMessage,
  type ResponseMessage,
} from '../channel/records.js'
import type { Commons } from '../channel/sharing.js'
import { CallerWants, ring, WorkerWants } from '../channel/wait.js'
import {
  ahead,
  type Histogram,
  histogram,
  quantiles,
  runningSlots,
  sinceEpoch,
  startedAt,
  Word,
  WorkerState,
} from '../channel/words.js'
import type { FunctionName } from './function-names.js'
import { InOrder } from './in-order.js'
import { park, type Source } from './park.js'
import { SharedPlaces } from './places.js'
import { probeWorks } from './probe.js'
import { requestOf } from './request.js'
import { Spin } from './spin.js'
import type { Task } from './task.js'

/** What messages go through: a MessagePort, or a BroadcastChannel. */
export interface Port {
  postMessage(message: RequestMessage, transferList?: readonly Transferable[]): unknown
}

export interface LinkEvents {
  /** A message from the worker, in order, whether it was fetched or came through the event loop. */
  onMessage(message: ResponseMessage): void
  /** The event loop has delivered something; called after `onMessage`. */
  onDelivery(): void
  /** What ended the worker. Only an event loop gets to know this way. */
  onError(error: Error): void
  /** The thread is gone. Only an event loop gets to know this way. */
  onExit(exitCode: number): void
}

export interface LinkParts {
  words: Int32Array
  port: Port
  options: { size: number; queueSize: number }
  /** The zero of times in shared words, on the system's clock in ms. */
  epoch: number
}

/** The zero of times for a channel that begins now. */
export function epochNow(): number {
  return Math.floor(now())
}

/** A caller's end of one channel to a worker. */
export abstract class Link {
  readonly #options: { size: number; queueSize: number }
  protected readonly words: Int32Array
  readonly #port: Port
  readonly #spin: Spin
  readonly #epoch: number
  /** Where the worker parks. */
  #wakeWords: Int32Array
  #posted: number
  #taken: number
  #submitted: number
  /** Tasks whose arguments are being read. */
  #sending = 0
  /** As last seen; a look at the shared word is needed only when this says that there is no space. */
  #dequeued: number
  readonly #spaceWord: Word.Dequeued | Word.Released
  readonly #queueLimit: number
  /** If the queue is shared with other threads. */
  #places: SharedPlaces | undefined
  protected readonly events: LinkEvents
  isClosing = false
  readonly #started = now()
  /** What the worker said was killing it. */
  lastWords: Error | undefined
  /** Why this side ended it. */
  stall: Death | undefined
  /** Somebody has called `terminate` on the Worker. */
  isTerminated = false
  /** Functions this worker knows by number. */
  readonly #defined = new Set<number>()
  readonly #inOrder: InOrder
  /** A message that could not be read, until its place is kept. */
  #missed: { number: number; error: unknown } | undefined
  /** What stands in for answers and cancels that the worker fails to read. */
  readonly #replacements: Journal<(reason: string) => AnswerRequest | CancelRequest>

  constructor({ words, port, options, epoch }: LinkParts, events: LinkEvents) {
    this.events = events
    const { size, queueSize } = options
    this.#options = options
    this.#epoch = epoch
    this.words = words
    this.#wakeWords = words
    this.#port = port
    this.#spin = new Spin(words)
    this.#posted = this.#taken = this.#submitted = this.#dequeued = Atomics.load(words, Word.CallerPosted)
    // Without a queue a task is let in when it can start; otherwise when another one has left the queue.
    this.#spaceWord = queueSize === 0 ? Word.Released : Word.Dequeued
    this.#queueLimit = queueSize === 0 ? size : queueSize
    this.#replacements = new Journal(words, Word.WorkerRead, () => this.hasNews() || this.#inOrder.isWaiting)
    this.#inOrder = new InOrder({
      ask: (number, reason) => this.postNow([Request.Unread, number, reason], WorkerWants.Control),
      deliver: message => events.onMessage(message),
    })
  }

  /** A channel that several threads hear copies everything, whatever the transfer list names. */
  get canTransfer(): boolean {
    return true
  }

  /** Sends a task. False if the worker is known to be gone; throws what structured clone throws. */
  run(task: Task, transferList: readonly Transferable[] | undefined): boolean {
    this.#submitted = (this.#submitted + 1) | 0 // first: a getter in the arguments may submit too
    this.#sending++
    this.#places?.use()
    try {
      const isDelivered = this.postOrBuffer(requestOf(task), WorkerWants.Tasks, transferList)
      this.markSent(task)
      return isDelivered || !probeWorks()
    } catch (error) {
      this.takeBack(task)
      throw error
    } finally {
      this.#sending--
    }
  }

  /** All that keeps the queue full are tasks that are being sent, further up in this thread's stack. */
  get waitsForItself(): boolean {
    return this.#sending > 0 && this.unfinished <= this.#sending
  }

  define(fn: FunctionName): void {
    if (this.#defined.has(fn.number)) return
    this.#defined.add(fn.number)
    this.postOrBuffer([Request.Define, fn.number, fn.address], WorkerWants.Tasks)
  }

  /** Something about what has been sent before. Throws what structured clone throws. */
  post(
    message: CreditRequest | EndStreamRequest | AnswerRequest | DropRequest,
    transferList?: readonly Transferable[],
  ): void {
    this.postOrBuffer(message, WorkerWants.Control, transferList)
    if (message[0] !== Request.Answer) return
    const replacement = replacementOf(message)
    this.afterPosting(number => this.#replacements.record(number, replacement))
  }

  cancel(id: number, reason: Error): void {
    const record = encodeError(reason)
    this.postOrBuffer([Request.Cancel, id, record], WorkerWants.Control)
    const bare = withoutObjects(record)
    this.afterPosting(number => this.#replacements.record(number, () => [Request.Cancel, id, bare]))
  }

  /** The queue is shared: places come from there. */
  share(commons: Commons): void {
    this.#wakeWords = commons.wakeWords
    this.#places = new SharedPlaces(this.words, commons, message =>
      this.postOrBuffer(message, WorkerWants.Control),
    )
  }

  get isShared(): boolean {
    return this.#places !== undefined
  }

  /** Tells the worker that no task is left and none will come. */
  abstract close(): void

  /** The worker's thread is gone: whoever waits for something it held should know. */
  onDeath(): void {}

  /** Ends what is at the other end, as far as this side can. */
  abstract terminate(): void

  /** Ends it and blocks until it is gone, so that it cannot start another task meanwhile. */
  abstract kill(): void

  /** Resolves when it is gone, which only an event loop gets to know. */
  abstract hasExited(): Promise<void>

  /** False once the worker's thread is gone, however it ended. */
  abstract isAlive(): boolean

  /** What is known of a death beyond itself: that no other worker will come after this one, and why. */
  get finality(): Partial<Death> {
    return {}
  }

  /** Tasks that other threads have in a shared executor, as far as the worker has read of them. */
  get tasksOfOthers(): number {
    return Atomics.load(this.words, Word.TasksOfOthers)
  }

  /** For how long the worker has left probes unanswered, in ms: its event loop stands still. */
  abstract get silence(): number

  /** There is a place for one more task; it is this thread's only if the queue is not shared. */
  hasSpace(): boolean {
    return this.#places === undefined ? this.#hasSpace() : this.#places.isLikely
  }

  /** There is a place for one more task, and the next one that is sent has it. */
  reserve(): boolean {
    return this.#places === undefined ? this.#hasSpace() : this.#places.reserve()
  }

  /** Before waiting for `reserve`: a place in a shared queue is given to those who wish for it. */
  wish(): void {
    this.#places?.wish()
  }

  /** Nobody in this thread waits for a place any longer. */
  unwish(): void {
    this.#places?.unwish()
  }

  /** Fewer than `queueSize` tasks wait to start. */
  #hasSpace(): boolean {
    if (ahead(this.#submitted, this.#dequeued) < this.#queueLimit) return true
    this.#dequeued = Atomics.load(this.words, this.#spaceWord)
    return ahead(this.#submitted, this.#dequeued) < this.#queueLimit
  }

  /** The worker sends a message when next a task leaves the queue or its slot. Look once more after this. */
  askForSpace(): void {
    Atomics.store(this.words, Word.SpaceAwaited, 1)
  }

  /** A slot or a place in the queue is there, though the worker may not have come to start what would leave it. */
  hasRoom(): boolean {
    if (this.#places !== undefined) return this.#places.reserve()
    return this.unfinished < this.#options.size + this.#options.queueSize
  }

  /** Tasks of this caller that wait in the worker's queue or hold a slot there, settled or not. */
  get unfinished(): number {
    return ahead(this.#submitted, Atomics.load(this.words, Word.Released))
  }

  get queued(): number {
    return ahead(this.#submitted, Atomics.load(this.words, Word.Dequeued))
  }

  /** The two counters are not read at the same moment; the one that is behind comes first. */
  get running(): number {
    const released = Atomics.load(this.words, Word.Released)
    return Math.min(ahead(Atomics.load(this.words, Word.Dequeued), released), this.#options.size)
  }

  /** The task has started, and its outcome is not posted. */
  isRunning(id: number): boolean {
    for (const task of this.runningTasks()) if (task.id === id) return true
    return false
  }

  /** The tasks in the worker's slots and how long they have been there, in ms. */
  *runningTasks(): Generator<{ id: number; age: number }, void, undefined> {
    const { size } = this.#options
    const time = sinceEpoch(this.#epoch, now())
    for (let slot: number = Word.RunningIds; slot < Word.RunningIds + runningSlots(size); slot++) {
      const id = Atomics.load(this.words, slot)
      if (id !== 0)
        yield { id, age: Math.max(0, ahead(time, Atomics.load(this.words, startedAt(slot, size)))) }
    }
  }

  percentiles(which: Histogram): { p50: number; p90: number; p99: number } {
    const first = histogram(this.#options.size, which)
    const [p50 = 0, p90 = 0, p99 = 0] = quantiles(this.words, first, [0.5, 0.9, 0.99])
    return { p50, p90, p99 }
  }

  hasNews(): boolean {
    return ahead(Atomics.load(this.words, Word.WorkerPosted), this.#taken) > 0
  }

  /** What had been announced when this was called, and no more: the worker may post faster than it is read. */
  takeIn(): boolean {
    this.#askForMissed()
    const posted = Atomics.load(this.words, Word.WorkerPosted)
    if (ahead(posted, this.#taken) <= 0) return false
    do this.#takeNext()
    while (ahead(posted, this.#taken) > 0)
    if (!this.#inOrder.isWaiting) this.words[Word.CallerRead] = this.#taken
    return true
  }

  /** False if there was none, or it could not be read. */
  #takeNext(): boolean {
    let received: { message: ResponseMessage } | undefined
    this.#taken = (this.#taken + 1) | 0
    try {
      received = this.receive()
    } catch (error) {
      this.#missed = { number: this.#taken, error } // before any call: there may be no stack left for one
      this.#askForMissed()
      return false
    }
    if (received === undefined) return false
    this.#inOrder.take(received.message)
    return true
  }

  /** Again before each look: the stack may have been used up when a message was missed. */
  #askForMissed(): void {
    const missed = this.#missed
    if (missed !== undefined) {
      this.#inOrder.miss(missed.number, missed.error)
      this.#missed = undefined
    }
    if (this.#inOrder.isWaiting) this.#inOrder.ask()
  }

  /**
   * What the worker posted before it died; the last message may not have been counted.
   *
   * @returns whether something could not be read, and nobody is left to say what it was
   */
  takeInRest(): boolean {
    this.takeIn()
    while (this.#takeNext());
    const isAnyLost = this.#inOrder.isWaiting
    this.#inOrder.release()
    return isAnyLost
  }

  /** The worker has read it, and may have run it. */
  hasReached(task: Task): boolean {
    return ahead(Atomics.load(this.words, Word.WorkerRead), task.message) >= 0
  }

  /** Blocks until there may be a message to take in. */
  awaitNews(deadline: number, source: Source): void {
    if (this.#spin.whileEqual(Word.WorkerPosted, this.#taken)) return
    this.#park(CallerWants.Messages, () => this.hasNews(), deadline, source)
  }

  /** Blocks until there may be space in the queue, or a message. */
  awaitSpace(deadline: number, source: Source): void {
    if (this.#places === undefined && this.#spin.whileEqual(this.#spaceWord, this.#dequeued)) return
    this.#park(CallerWants.Space, () => this.hasSpace() || this.hasNews(), deadline, source)
  }

  /** Blocks until a task may have given up its slot, or there is a message. */
  awaitRelease(deadline: number, source: Source): void {
    const released = Atomics.load(this.words, Word.Released)
    const hasReleased = () => Atomics.load(this.words, Word.Released) !== released
    if (this.unfinished > 0)
      this.#park(CallerWants.Space, () => hasReleased() || this.hasNews(), deadline, source)
  }

  /** A worker that exits rings too; nothing else of a death does. */
  #park(wants: CallerWants, ready: () => boolean, deadline: number, source: Source): void {
    park(wants, () => ready() || this.isExiting, deadline, [source])
    if (this.isExiting && !this.hasNews()) source.checkAlive()
  }

  /** Blocks for a moment, or until the worker has begun to exit. */
  awaitExit(): void {
    park(CallerWants.Messages, () => this.state === WorkerState.Exited, now() + 2, [])
  }

  /** For how long the thread has not come to its first line, in ms. */
  get startingFor(): number {
    return this.state === WorkerState.Starting ? now() - this.#started : 0
  }

  /** When the worker's loop last came round, in ms ago. */
  get heartbeatAge(): number {
    return Math.max(0, ahead(sinceEpoch(this.#epoch, now()), Atomics.load(this.words, Word.Heartbeat)))
  }

  /** Its exit hooks run: no task of it will ever settle. */
  get isExiting(): boolean {
    return this.state >= WorkerState.Exiting
  }

  /** Undefined while the worker has not said so. */
  get exitCode(): number | undefined {
    return this.isExiting ? Atomics.load(this.words, Word.ExitCode) : undefined
  }

  /** Its modules want to do something when the worker ends. */
  get hasExitHooks(): boolean {
    return Atomics.load(this.words, Word.HasExitHooks) !== 0
  }

  /** CPU threads that there are, at work or not. */
  get cpuThreads(): number {
    return Atomics.load(this.words, Word.CpuThreads)
  }

  get state(): WorkerState {
    return Atomics.load(this.words, Word.WorkerState)
  }

  /** A BroadcastChannel is as good as a port here; the types do not say so. */
  protected receive(): { message: ResponseMessage } | undefined {
    return receiveMessageOnPort(this.#port as unknown as MessagePort)
  }

  /** A message that came through the event loop. The counter of taken ones runs ahead of the worker's for a moment. */
  protected deliver(message: ResponseMessage): void {
    this.#askForMissed()
    this.#taken = (this.#taken + 1) | 0
    this.#inOrder.take(message)
    if (!this.#inOrder.isWaiting) this.words[Word.CallerRead] = this.#taken
    this.events.onDelivery()
  }

  /** One that the event loop could not read. */
  protected miss(error: unknown): void {
    this.#askForMissed()
    this.#taken = (this.#taken + 1) | 0
    this.#missed = { number: this.#taken, error }
    this.#askForMissed()
  }

  /**
   * Sends something that the worker can read in the place of a message that it could not. False if there is nothing:
   * the message was a task.
   */
  replace(number: number, reason: string): boolean {
    const replacement = this.#replacements.take(number)?.(reason)
    if (replacement !== undefined) this.postOrBuffer(replacement, WorkerWants.Control)
    return replacement !== undefined
  }

  protected markSent(task: Task): void {
    task.message = this.#posted
  }

  /** Says under what number the message that was sent last has been posted, as soon as it is. */
  protected afterPosting(record: (number: number) => void): void {
    record(this.#posted)
  }

  /** A task has not reached the worker: its place is free. One that was sent again had none: the worker makes room. */
  takeBack(task: Task | undefined): void {
    this.#submitted = (this.#submitted - 1) | 0
    if (!task?.isResent) this.#places?.giveBack()
  }

  /** False if the worker is known to be gone; throws what structured clone throws. */
  protected postOrBuffer(
    message: RequestMessage,
    rank: WorkerWants,
    transferList?: readonly Transferable[],
  ): boolean {
    return this.postNow(message, rank, transferList)
  }

  /** The message first, then the counter, then the look whether the worker sleeps. */
  protected postNow(
    message: RequestMessage,
    rank: WorkerWants,
    transferList?: readonly Transferable[],
  ): boolean {
    const delivered: unknown =
      transferList === undefined
        ? this.#port.postMessage(message)
        : this.#port.postMessage(message, transferList)
    this.#posted = (this.#posted + 1) | 0
    Atomics.store(this.words, Word.CallerPosted, this.#posted)
    ring(this.#wakeWords, Word.WorkerParked, rank)
    return delivered === true
  }
}

/** Holds on to nothing of the value: it may be large. */
function replacementOf([kind, id, call, outcome, value]: AnswerRequest): (reason: string) => AnswerRequest {
  const record = outcome === Outcome.Failed ? withoutObjects(value as ErrorRecord) : undefined
  return reason => [
    kind,
    id,
    call,
    Outcome.Failed,
    record ?? encodeError(unreadable('the result of a callback', reason)),
  ]
}
