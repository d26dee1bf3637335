import { MessageChannel, Worker } from 'node:worker_threads'
import { now } from '../channel/clock.js'
import { Request, type ResponseMessage } from '../channel/records.js'
import { threadIsGone } from '../channel/thread-id.js'
import { deathTable, markThreadDead } from '../channel/threads.js'
import { WorkerWants } from '../channel/wait.js'
import { createWords, Word, WorkerState } from '../channel/words.js'
import { epochNow, Link, type LinkEvents } from './link.js'
import type { ResolvedOptions } from './options.js'
import { bell } from './park.js'
import { listenersHoard, pollWhileAlive } from './poll.js'
import { probeWorks } from './probe.js'
import { startWorker } from './start-worker.js'

/** How long a thread that is being terminated may take to end, in ms. */
const longestKill = 200
const pause = new Int32Array(new SharedArrayBuffer(4))

/** The owner's channel to the worker, and the thread itself. An executor has one at a time. */
export class WorkerLink extends Link {
  readonly #worker: Worker
  readonly #threadId: number
  #probesSent = 0
  #unansweredSince = 0

  /** @param shareId - if other threads share the executor, the name that they know it by */
  constructor(
    options: ResolvedOptions,
    ancestors: readonly string[],
    shareId: string | undefined,
    events: LinkEvents,
  ) {
    const words = createWords(options.size)
    const { port1, port2 } = new MessageChannel()
    const epoch = epochNow()
    const shared = shareId === undefined ? undefined : { id: shareId, free: createFree() }
    super({ words, port: port1, options, epoch }, events)
    deathTable() // made before, so that the worker shares it
    this.#worker = startWorker(options, {
      words,
      bell,
      port: port2,
      epoch,
      name: options.name,
      size: options.size,
      queueSize: options.queueSize,
      stdio: options.stdio,
      ancestors,
      roots: options.roots,
      shared,
      initializer: options.initializer,
      base: options.base,
      cpu: options.cpu,
    })
    if (shared !== undefined) this.share({ wakeWords: words, free: shared.free })
    if (listenersHoard)
      pollWhileAlive(this.#worker, () => {
        if (this.takeIn()) events.onDelivery()
      })
    else {
      port1.on('message', (message: ResponseMessage) => this.deliver(message))
      port1.on('messageerror', error => this.miss(error))
    }
    port1.unref()
    this.#threadId = this.#worker.threadId // Node shows -1 as soon as it has ended
    this.#worker.terminate = () => {
      this.isTerminated = true
      return Worker.prototype.terminate.call(this.#worker)
    }
    this.#worker.on('error', error => events.onError(error))
    this.#worker.on('exit', exitCode => {
      this.onDeath()
      events.onExit(exitCode)
    })
  }

  override onDeath(): void {
    markThreadDead(this.#threadId)
  }

  /** Other threads will come. The worker sees to `free` when it reads this, after all that was sent before. */
  shareAs(id: string): void {
    const free = createFree()
    this.postNow([Request.Share, id, free], WorkerWants.Control)
    this.share({ wakeWords: this.words, free })
  }

  /** Tells the worker that no task is left and none will come. */
  close(): void {
    if (this.isClosing) return
    this.isClosing = true
    this.postNow([Request.Close], WorkerWants.Control)
  }

  terminate(): void {
    this.#worker.terminate()
  }

  /** Resolves when the thread is gone, which only an event loop gets to know. */
  hasExited(): Promise<void> {
    return new Promise(resolve => this.#worker.once('exit', () => resolve()))
  }

  /** Ends the thread and blocks until it is gone, so that it cannot start another task meanwhile. */
  kill(): void {
    this.terminate()
    const deadline = now() + longestKill
    while (this.isAlive() && now() < deadline) Atomics.wait(pause, 0, 0, 1)
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
    if (this.postNow([Request.Probe], WorkerWants.Control)) return true
    return !probeWorks() && !threadIsGone(Atomics.load(this.words, Word.ThreadId))
  }

  /** For how long the worker has left probes unanswered, in ms: its event loop stands still. */
  get silence(): number {
    if (this.state === WorkerState.Initializing) return this.heartbeatAge
    const answered = Atomics.load(this.words, Word.ProbesSeen) === this.#probesSent
    return answered || this.state !== WorkerState.Ready ? 0 : now() - this.#unansweredSince
  }
}

/** Nothing is free until the worker says so. */
function createFree(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4))
}
