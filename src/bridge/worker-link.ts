import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Transferable,
  Worker,
} from 'node:worker_threads'
import { now } from '../channel/clock.js'
import { encodeError } from '../channel/error-record.js'
import { Request, type RequestMessage, type ResponseMessage, type RunRequest } from '../channel/records.js'
import { CallerWants, ring, WorkerWants } from '../channel/wait.js'
import {
  ahead,
  createWords,
  type Histogram,
  histogram,
  quantiles,
  runningSlots,
  sinceEpoch,
  startedAt,
  Word,
  WorkerState,
} from '../channel/words.js'
import type { Death } from './deaths.js'
import type { FunctionName } from './function-names.js'
import type { ResolvedOptions } from './options.js'
import { bell, park, type Source } from './park.js'
import { listenersHoard, pollWhileAlive } from './poll.js'
import { probeWorks, threadIsGone } from './probe.js'
import { Spin } from './spin.js'
import { startWorker } from './start-worker.js'

/** How long a thread that is being terminated may take to end, in ms. */
const longestKill = 200
const pause = new Int32Array(new SharedArrayBuffer(4))

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

/** One worker thread and the channel to it. An executor has one at a time. */
export class WorkerLink {
  readonly #options: ResolvedOptions
  readonly #events: LinkEvents
  readonly #words: Int32Array
  readonly #port: MessagePort
  readonly #worker: Worker
  readonly #spin: Spin
  #posted: number
  #taken: number
  #submitted: number
  /** As last seen; a look at the shared word is needed only when this says that there is no space. */
  #dequeued: number
  readonly #spaceWord: Word.Dequeued | Word.Released
  readonly #queueLimit: number
  isClosing = false
  /** The zero of times in shared words, on the system's clock. */
  readonly #epoch = Math.floor(performance.timeOrigin + now())
  readonly #started = now()
  /** What the worker said was killing it. */
  lastWords: Error | undefined
  /** Why this side ended it. */
  stall: Death | undefined
  /** Somebody has called `terminate` on the Worker. */
  isTerminated = false
  #probesSent = 0
  #unansweredSince = 0
  /** Functions this worker knows by number. */
  readonly #defined = new Set<number>()

  constructor(options: ResolvedOptions, ancestors: readonly string[], events: LinkEvents) {
    const { size, queueSize } = options
    this.#options = options
    this.#events = events
    this.#words = createWords(size)
    this.#spin = new Spin(this.#words)
    this.#posted =
      this.#taken =
      this.#submitted =
      this.#dequeued =
        Atomics.load(this.#words, Word.CallerPosted)
    // Without a queue a task is let in when it can start; otherwise when another one has left the queue.
    this.#spaceWord = queueSize === 0 ? Word.Released : Word.Dequeued
    this.#queueLimit = queueSize === 0 ? size : queueSize
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.#worker = startWorker(options, {
      words: this.#words,
      bell,
      port: port2,
      epoch: this.#epoch,
      size,
      stdio: options.stdio,
      ancestors,
      roots: options.roots,
      initializer: options.initializer,
    })
    if (listenersHoard)
      pollWhileAlive(this.#worker, () => {
        if (this.takeIn()) events.onDelivery()
      })
    // The counter of taken messages runs ahead of the worker's for a moment if the event loop is quicker.
    else
      port1.on('message', (message: ResponseMessage) => {
        this.#taken = (this.#taken + 1) | 0
        events.onMessage(message)
        events.onDelivery()
      })
    port1.unref()
    this.#worker.terminate = () => {
      this.isTerminated = true
      return Worker.prototype.terminate.call(this.#worker)
    }
    this.#worker.on('error', error => events.onError(error))
    this.#worker.on('exit', exitCode => events.onExit(exitCode))
  }

  /** Sends a task. False if the worker is known to be gone; throws what structured clone throws. */
  run(message: RunRequest, transferList: readonly Transferable[] | undefined): boolean {
    this.#submitted = (this.#submitted + 1) | 0 // first: a getter in the arguments may submit too
    try {
      return this.#post(message, WorkerWants.Tasks, transferList) || !probeWorks()
    } catch (error) {
      this.#submitted = (this.#submitted - 1) | 0
      throw error
    }
  }

  define(fn: FunctionName): void {
    if (this.#defined.has(fn.number)) return
    this.#defined.add(fn.number)
    this.#post([Request.Define, fn.number, fn.address], WorkerWants.Tasks)
  }

  cancel(id: number, reason: Error): void {
    this.#post([Request.Cancel, id, encodeError(reason)], WorkerWants.Control)
  }

  /** Tells the worker that no task is left and none will come. */
  close(): void {
    if (this.isClosing) return
    this.isClosing = true
    this.#post([Request.Close], WorkerWants.Control)
  }

  terminate(): void {
    this.#worker.terminate()
  }

  /** Ends the thread and blocks until it is gone, so that it cannot start another task meanwhile. */
  kill(): void {
    this.terminate()
    const deadline = now() + longestKill
    while (this.isAlive() && now() < deadline) Atomics.wait(pause, 0, 0, 1)
  }

  /** Fewer than `queueSize` tasks wait to start. */
  hasSpace(): boolean {
    if (ahead(this.#submitted, this.#dequeued) < this.#queueLimit) return true
    this.#dequeued = Atomics.load(this.#words, this.#spaceWord)
    return ahead(this.#submitted, this.#dequeued) < this.#queueLimit
  }

  /** A slot or a place in the queue is there, though the worker may not have come to start what would leave it. */
  hasRoom(): boolean {
    const unfinished = ahead(this.#submitted, Atomics.load(this.#words, Word.Released))
    return unfinished < this.#options.size + this.#options.queueSize
  }

  get queued(): number {
    return ahead(this.#submitted, Atomics.load(this.#words, Word.Dequeued))
  }

  /** The two counters are not read at the same moment; the one that is behind comes first. */
  get running(): number {
    const released = Atomics.load(this.#words, Word.Released)
    return Math.min(ahead(Atomics.load(this.#words, Word.Dequeued), released), this.#options.size)
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
      const id = Atomics.load(this.#words, slot)
      if (id !== 0)
        yield { id, age: Math.max(0, ahead(time, Atomics.load(this.#words, startedAt(slot, size)))) }
    }
  }

  percentiles(which: Histogram): { p50: number; p90: number; p99: number } {
    const first = histogram(this.#options.size, which)
    const [p50 = 0, p90 = 0, p99 = 0] = quantiles(this.#words, first, [0.5, 0.9, 0.99])
    return { p50, p90, p99 }
  }

  hasNews(): boolean {
    return ahead(Atomics.load(this.#words, Word.WorkerPosted), this.#taken) > 0
  }

  /** What had been announced when this was called, and no more: the worker may post faster than it is read. */
  takeIn(): boolean {
    const posted = Atomics.load(this.#words, Word.WorkerPosted)
    if (ahead(posted, this.#taken) <= 0) return false
    do {
      this.#taken = (this.#taken + 1) | 0
      const received = receiveMessageOnPort(this.#port)
      if (received !== undefined) this.#events.onMessage(received.message)
    } while (ahead(posted, this.#taken) > 0)
    return true
  }

  /** What the worker posted before it died, counted or not. */
  takeInRest(): void {
    for (
      let received = receiveMessageOnPort(this.#port);
      received;
      received = receiveMessageOnPort(this.#port)
    )
      this.#events.onMessage(received.message)
  }

  /** Blocks until there may be a message to take in. */
  awaitNews(deadline: number, source: Source): void {
    if (this.#spin.whileEqual(Word.WorkerPosted, this.#taken)) return
    this.#park(CallerWants.Messages, () => this.hasNews(), deadline, source)
  }

  /** Blocks until there may be space in the queue, or a message. */
  awaitSpace(deadline: number, source: Source): void {
    if (this.#spin.whileEqual(this.#spaceWord, this.#dequeued)) return
    this.#park(CallerWants.Space, () => this.hasSpace() || this.hasNews(), deadline, source)
  }

  /** Blocks until a task may have given up its slot, or there is a message. */
  awaitRelease(deadline: number, source: Source): void {
    const released = Atomics.load(this.#words, Word.Released)
    const hasReleased = () => Atomics.load(this.#words, Word.Released) !== released
    if (this.running > 0)
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

  /**
   * False once the worker's thread is gone, however it ended: posting to a port whose other end is gone returns
   * false, seen on Node 20 to 26. It is not documented, so the answer counts only where a living port answers true.
   * Elsewhere, in Bun and Deno, the system is asked for the thread. What is posted also asks for a sign of life from
   * the worker's loop.
   */
  isAlive(): boolean {
    // Until the thread starts, the other end of the channel waits in a message to it, whatever becomes of the thread.
    if (this.isTerminated && this.state === WorkerState.Starting) return false
    if (this.silence === 0) this.#unansweredSince = now()
    this.#probesSent++
    if (this.#post([Request.Probe], WorkerWants.Control)) return true
    return !probeWorks() && !threadIsGone(Atomics.load(this.#words, Word.ThreadId))
  }

  /** For how long the worker has left probes unanswered, in ms: its event loop stands still. */
  get silence(): number {
    if (this.state === WorkerState.Initializing) return this.heartbeatAge
    const answered = Atomics.load(this.#words, Word.ProbesSeen) === this.#probesSent
    return answered || this.state !== WorkerState.Ready ? 0 : now() - this.#unansweredSince
  }

  /** For how long the thread has not come to its first line, in ms. */
  get startingFor(): number {
    return this.state === WorkerState.Starting ? now() - this.#started : 0
  }

  /** When the worker's loop last came round, in ms ago. */
  get heartbeatAge(): number {
    return Math.max(0, ahead(sinceEpoch(this.#epoch, now()), Atomics.load(this.#words, Word.Heartbeat)))
  }

  /** Its exit hooks run: no task of it will ever settle. */
  get isExiting(): boolean {
    return this.state >= WorkerState.Exiting
  }

  /** Undefined while the worker has not said so. */
  get exitCode(): number | undefined {
    return this.isExiting ? Atomics.load(this.#words, Word.ExitCode) : undefined
  }

  /** Its modules want to do something when the worker ends. */
  get hasExitHooks(): boolean {
    return Atomics.load(this.#words, Word.HasExitHooks) !== 0
  }

  get state(): WorkerState {
    return Atomics.load(this.#words, Word.WorkerState)
  }

  /** The message first, then the counter, then the look whether the worker sleeps. */
  #post(message: RequestMessage, rank: WorkerWants, transferList?: readonly Transferable[]): boolean {
    const delivered: unknown =
      transferList === undefined
        ? this.#port.postMessage(message)
        : this.#port.postMessage(message, transferList)
    this.#posted = (this.#posted + 1) | 0
    Atomics.store(this.#words, Word.CallerPosted, this.#posted)
    ring(this.#words, Word.WorkerParked, rank)
    return delivered === true
  }
}
