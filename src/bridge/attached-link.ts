import { BroadcastChannel, type Transferable } from 'node:worker_threads'
import { now } from '../channel/clock.js'
import type { Death } from '../channel/death.js'
import { Request, type RequestMessage, type ResponseMessage } from '../channel/records.js'
import {
  type Commons,
  controlChannelOf,
  type Introduction,
  Shared,
  type SharedExecutor,
  SharedStatus,
} from '../channel/sharing.js'
import { systemThreadId, threadIsGone } from '../channel/thread-id.js'
import { WorkerWants } from '../channel/wait.js'
import { createWords, Word, WorkerState } from '../channel/words.js'
import { epochNow, Link, type LinkEvents } from './link.js'
import { bell } from './park.js'
import type { Task } from './task.js'
import { uniqueId } from './unique-id.js'

/** How long the owner of a worker that is gone may take to show what becomes of it, in ms. */
const grace = 100

const orphaned = 'the thread that owns it has ended'

/** What waits to be sent until the worker has answered: a BroadcastChannel keeps nothing for members to come. */
interface Unsent {
  message: RequestMessage
  rank: WorkerWants
  task?: Task
  onPosted?: (number: number) => void
}

/**
 * The channel of a caller that is not the owner to a worker that the owner started.
 *
 * It introduces itself until it is answered, first when it is made and then whenever it is looked after, which every
 * wait does in slices: the worker may be starting still, or the owner may not have replaced it yet.
 */
export class AttachedLink extends Link {
  readonly #shared: SharedExecutor
  readonly #channel: BroadcastChannel
  readonly #introduction: Introduction
  #unsent: Unsent[] | undefined = []
  /** Of the worker that answered. */
  #generation = 0
  #isClosed = false
  /** When the worker's thread was first found gone. */
  #goneSince: number | undefined

  constructor(shared: SharedExecutor, events: LinkEvents) {
    const words = createWords(shared.size)
    const name = `async-pool-executor:${uniqueId()}`
    const channel = new BroadcastChannel(name)
    const epoch = epochNow()
    super({ words, port: channel, options: shared, epoch }, events)
    this.#shared = shared
    this.#channel = channel
    this.#introduction = { channel: name, words, bell, epoch, thread: systemThreadId() }
    channel.onmessage = event => this.deliver((event as { data: ResponseMessage }).data)
    channel.onmessageerror = event => this.miss((event as { data: unknown }).data)
    channel.unref()
    this.#introduce()
  }

  override hasSpace(): boolean {
    return this.#isConnected && super.hasSpace()
  }

  override reserve(): boolean {
    return this.#isConnected && super.reserve()
  }

  override hasRoom(): boolean {
    return this.#isConnected && super.hasRoom()
  }

  /** The worker has answered. */
  override share(commons: Commons): void {
    super.share(commons)
    this.#generation = Atomics.load(this.#shared.state, Shared.Generation)
    const unsent = this.#unsent ?? []
    this.#unsent = undefined
    for (const { message, rank, task, onPosted } of unsent) {
      this.postNow(message, rank)
      if (task !== undefined) this.markSent(task)
      if (onPosted !== undefined) super.afterPosting(onPosted)
    }
  }

  override get canTransfer(): boolean {
    return false
  }

  override run(task: Task, transferList: readonly Transferable[] | undefined): boolean {
    const isDelivered = super.run(task, transferList)
    const unsent = this.#unsent?.at(-1)
    if (unsent !== undefined) unsent.task = task
    return isDelivered
  }

  /** A BroadcastChannel that is closed, unlike a port, refuses to be looked at. */
  protected override receive(): { message: ResponseMessage } | undefined {
    return this.#isClosed ? undefined : super.receive()
  }

  protected override afterPosting(record: (number: number) => void): void {
    const unsent = this.#unsent?.at(-1)
    if (unsent === undefined) super.afterPosting(record)
    else unsent.onPosted = record
  }

  override close(): void {
    if (this.isClosing) return
    this.isClosing = true
    if (!this.#isConnected) this.#leave()
    else {
      this.postNow([Request.Leave], WorkerWants.Control)
      this.#leave()
    }
  }

  override terminate(): void {
    this.close()
  }

  override kill(): void {
    this.close()
  }

  override async hasExited(): Promise<void> {}

  /**
   * A worker that nobody has replaced yet counts as alive for a moment longer: it goes before its owner's thread does,
   * and what becomes of its tasks depends on whether that is what happens.
   */
  override isAlive(): boolean {
    if (this.#isClosed || this.#isLost) return false
    const isEnded = this.#status === SharedStatus.Closed
    if (!this.#isConnected) {
      this.#introduce()
      return !isEnded
    }
    if (Atomics.load(this.#shared.state, Shared.Generation) !== this.#generation) return false
    if (!threadIsGone(Atomics.load(this.words, Word.ThreadId))) return true
    this.#goneSince ??= now()
    return !isEnded && now() - this.#goneSince < grace
  }

  override onDeath(): void {
    if (!this.#isClosed) this.#leave()
  }

  /** The worker goes with its owner's thread; one that died too often is not replaced. */
  get #isLost(): boolean {
    return this.#status === SharedStatus.Broken || this.#isOrphaned
  }

  get #status(): SharedStatus {
    return Atomics.load(this.#shared.state, Shared.Status)
  }

  get #isOrphaned(): boolean {
    return threadIsGone(Atomics.load(this.#shared.state, Shared.OwnerThread))
  }

  override get finality(): Partial<Death> {
    if (this.#status === SharedStatus.Broken) return { isFinal: true }
    if (this.#status === SharedStatus.Closed) return { isFinal: true, isClosed: true }
    return this.#isOrphaned ? { isFinal: true, isOrphaned: true, reason: orphaned } : {}
  }

  /** Seen by the owner. */
  override get tasksOfOthers(): number {
    return 0
  }

  /** Seen by the owner, who looks for it and ends such a worker. */
  override get silence(): number {
    return 0
  }

  /** So that the worker learns that this caller goes. */
  override get hasExitHooks(): boolean {
    return true
  }

  /**
   * What is to be moved is copied: a BroadcastChannel has, as far as it knows, many members. So code runs here as it
   * does in the owner, unless it sends what can only be moved.
   */
  protected override postOrBuffer(message: RequestMessage, rank: WorkerWants): boolean {
    if (this.#isClosed) return false
    if (this.#unsent === undefined) this.postNow(message, rank)
    else this.#unsent.push({ message: structuredClone(message), rank })
    return true
  }

  get #isConnected(): boolean {
    return this.#unsent === undefined
  }

  #introduce(): void {
    const control = new BroadcastChannel(controlChannelOf(this.#shared.id))
    control.postMessage(this.#introduction)
    control.close()
  }

  #leave(): void {
    this.#isClosed = true
    Atomics.store(this.words, Word.WorkerState, WorkerState.Exited)
    this.#channel.close()
  }
}
