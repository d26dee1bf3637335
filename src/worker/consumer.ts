import { longestTimer, now } from '../channel/clock.js'
import { progressRefusal } from '../channel/cloneable.js'
import { decodeError } from '../channel/error-record.js'
import { CancelledError, TimeoutError } from '../channel/errors.js'
import {
  type CancelRequest,
  type FunctionAddress,
  Request,
  type RequestMessage,
  Response,
  type RunExtras,
  type RunRequest,
  type SharingRequest,
} from '../channel/records.js'
import { isThenable } from '../channel/thenable.js'
import { WorkerWants } from '../channel/wait.js'
import { BoundedLoop } from '../pool/bounded-loop.js'
import type { Caller } from './caller.js'
import { reviveCarried } from './carried.js'
import { context } from './context.js'
import { createEntry, type FunctionEntry, type LoadedFunction } from './functions.js'
import type { Offloading } from './offload.js'
import type { Parking } from './parking.js'
import { Places } from './places.js'
import { RemoteEntry } from './remote-entry.js'
import { Sharing } from './sharing.js'
import type { StreamPump } from './stream.js'
import { substituteFor } from './substitute.js'
import { Task } from './task.js'

export interface ConsumerOptions {
  owner: Caller
  parking: Parking
  /** The owner's. */
  words: Int32Array
  loadOffloading(): Offloading
  /** The executor's. */
  name: string
  size: number
  queueSize: number
  roots: string[] | undefined
  shared: { id: string; free: Int32Array } | undefined
}

/** How long tasks may keep the thread to themselves before sockets and timers get their turn, in ms. */
const longestTurn = 1

/** The bounded loop: takes tasks in, runs at most `size` at once, and sends their outcomes back. */
export class Consumer {
  /** The owner of the executor, and whoever shares it. */
  readonly callers: Caller[]
  readonly #options: ConsumerOptions
  readonly #parking: Parking
  readonly #loop: BoundedLoop<Task>
  #sharing: Sharing | undefined
  /** Of the queue, if it is shared. */
  #places: Places | undefined
  #closing = false
  /** The clock as last read, for what need not be exact. */
  #now = now()

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.callers = [options.owner]
    this.#parking = options.parking
    this.#loop = new BoundedLoop(options.size)
    if (options.shared !== undefined) this.#share(options.shared)
  }

  /** Runs until the caller closes the channel. */
  async run(): Promise<void> {
    let turned = this.#readClock() // the initializer may have taken long
    while (!this.#isDone()) {
      this.#startTasks(turned + longestTurn)
      await null // tasks that settle without waiting for anything do so here
      this.#flush()
      this.#readClock()
      if (this.#now - turned > longestTurn) {
        await turnEventLoop()
        turned = this.#readClock()
      }
      if (this.#hasWork()) continue
      if (this.#loop.running === 0) this.#spin()
      else {
        await this.#linger()
        turned = this.#readClock()
      }
      if (this.#hasWork()) continue
      // Nothing can settle between this last look and the sleep: there is no await in between.
      const wants = this.#loop.running < this.#loop.size ? WorkerWants.Tasks : WorkerWants.Control
      await this.#parking.park(wants, this.#hasNews)
      turned = this.#readClock()
    }
  }

  #readClock(): number {
    this.#now = now()
    for (const caller of this.callers) caller.beat(this.#now)
    return this.#now
  }

  #flush(): void {
    for (const caller of this.callers) caller.flush()
  }

  readonly #hasNews = (): boolean => {
    for (const { inbox } of this.callers) if (inbox.hasNews()) return true
    return false
  }

  #hasWork(): boolean {
    for (const caller of this.callers) if (caller.isDue) return true
    return this.#loop.canStart || this.#hasNews() || this.#isDone()
  }

  /** The owner closes when it has nothing left; tasks of others are done first. */
  #isDone(): boolean {
    return (
      this.#closing && (this.callers.length === 1 || (this.#loop.running === 0 && this.#loop.queued === 0))
    )
  }

  /** For one caller; that of several whose message comes next is not known. */
  #spin(): void {
    if (this.callers.length === 1) this.#options.owner.inbox.spin()
  }

  /** With tasks in flight, waits a little for work while the event loop turns. */
  async #linger(): Promise<void> {
    const end = this.#now + this.#options.owner.inbox.patience
    do await turnEventLoop()
    while (!this.#hasWork() && now() < end)
  }

  /**
   * Takes in every message before each start: the best task may be among them, and a cancel that was sent before
   * the start must come before it. Stops at `deadline`, so that outcomes of slow synchronous tasks are not kept
   * waiting for their neighbours, and after `size` starts, so that promises and sockets get their turn.
   */
  #startTasks(deadline: number): void {
    for (let started = 0; started < this.#loop.size; started++) {
      for (const caller of this.callers)
        for (let message = caller.inbox.next(); message !== undefined; message = caller.inbox.next())
          this.#receive(caller, message)
      if (this.#isDone() || !this.#loop.canStart || (started > 0 && this.#readClock() > deadline)) return
      this.#start(this.#loop.next() as Task)
    }
  }

  #receive(caller: Caller, message: RequestMessage): void {
    switch (message[0]) {
      case Request.Run:
        this.#enqueue(caller, message)
        break
      case Request.Define:
        caller.functions.set(message[1], this.#createEntry(caller, message[2]))
        break
      case Request.Cancel:
        this.#cancel(caller, message)
        break
      case Request.Credit:
        caller.streams.get(message[1])?.stream?.grant(message[2])
        break
      case Request.EndStream:
        this.#endStream(caller, message[1])
        break
      case Request.Answer:
        caller.settleCall(message)
        break
      case Request.Drop:
        caller.remotes?.drop(message[1])
        break
      case Request.Unread:
        caller.outbox.replace(substituteFor(caller, message))
        break
      case Request.Close:
        this.#closing = true
        break
      case Request.Probe:
        caller.answerProbe()
        break
      default:
        this.#receiveOfSharing(caller, message)
    }
  }

  #receiveOfSharing(caller: Caller, message: SharingRequest): void {
    switch (message[0]) {
      case Request.Share:
        this.#share({ id: message[1], free: message[2] })
        break
      case Request.Wish:
        this.#places?.wish(caller)
        break
      case Request.Forfeit:
        if (message[1] > 0) this.#places?.release()
        else this.#places?.unwish(caller)
        break
      case Request.Leave:
        this.#sharing?.leave(caller)
        break
    }
  }

  #share({ id, free }: { id: string; free: Int32Array }): void {
    const { size, queueSize, words } = this.#options
    const left =
      queueSize === 0 ? size - this.#loop.running - this.#loop.queued : queueSize - this.#loop.queued
    this.#places = new Places(free, left)
    this.#sharing = new Sharing({
      id,
      size,
      words,
      free,
      parking: this.#parking,
      onJoin: caller => this.callers.push(caller),
      onLeave: caller => this.#forget(caller),
    })
  }

  /** Nobody waits for its tasks. */
  #forget(caller: Caller): void {
    this.callers.splice(this.callers.indexOf(caller), 1)
    this.#places?.unwish(caller)
    caller.remotes?.close()
    for (const task of this.#loop.queuedTasks()) if (task.caller === caller) this.#dequeue(task)
    caller.forgetUnfinished()
    for (const task of caller.running) {
      task.end(new CancelledError(`the thread that submitted ${task.entry.label} is gone`))
    }
    this.#parking.wake()
  }

  #createEntry(caller: Caller, address: FunctionAddress): FunctionEntry {
    const { roots } = this.#options
    return address.kind === 'module' && address.isRemote
      ? new RemoteEntry(address, roots, caller)
      : createEntry(address, roots)
  }

  #enqueue(caller: Caller, [, id, fn, args, extras]: RunRequest): void {
    const entry = caller.functions.get(fn) as FunctionEntry
    const task = new Task({ id, entry, args, extras, caller, arrived: this.#now })
    if (task.stream !== undefined) caller.streams.set(id, task)
    if (extras?.resent) this.#places?.occupy()
    this.#loop.enqueue(task)
    caller.countArrived()
  }

  #dequeue(task: Task): void {
    this.#loop.remove(task)
    task.caller.streams.delete(task.id)
    task.caller.countDequeued()
    task.caller.countReleased()
    this.#places?.release()
  }

  #findQueued(caller: Caller, id: number): Task | undefined {
    return this.#loop.findQueued(caller.keyOf(id))
  }

  #cancel(caller: Caller, [, id, reason]: CancelRequest): void {
    const queued = this.#findQueued(caller, id)
    if (queued !== undefined) {
      this.#dequeue(queued)
      return
    }
    const running = caller.findRunning(id)
    if (running === undefined || running.isAnswered) return // it has ended meanwhile
    running.end(decodeError(reason))
  }

  /** Nobody will read on. The caller waits for the outcome, which comes after the generator's `finally` blocks. */
  #endStream(caller: Caller, id: number): void {
    const queued = this.#findQueued(caller, id)
    if (queued !== undefined) {
      this.#dequeue(queued)
      caller.outbox.fulfilled(id, queued.entry.label, undefined)
      return
    }
    const running = caller.streams.get(id)
    if (running?.stream?.close())
      running.abort(new CancelledError(`${running.entry.label} is not read any further`))
  }

  #start(task: Task): void {
    task.caller.occupySlot(task, this.#now)
    if (this.#places !== undefined && this.#options.queueSize > 0) this.#places.release()
    if (task.extras !== undefined) this.#startWithExtras(task, task.extras)
    if (task.extras?.offload) {
      this.#offload(task)
      return
    }
    let found: LoadedFunction | undefined
    try {
      found = task.entry.find()
    } catch (error) {
      this.#reject(task, error)
      return
    }
    if (found !== undefined) this.#call(task, found)
    else
      task.entry.load().then(
        // Cancelled or timed out while it was loaded: its signal is aborted, and nobody waits for it.
        loaded => (task.isAnswered ? this.#release(task) : this.#call(task, loaded)),
        error => this.#reject(task, error),
      )
  }

  #startWithExtras(task: Task, { timeout, announce, offload }: RunExtras): void {
    if (timeout !== undefined && !offload) this.#startTimer(task, timeout)
    if (announce) task.caller.outbox.post([Response.Started, task.id])
  }

  #startTimer(task: Task, timeout: number): void {
    clearTimeout(task.timer) // of an attempt whose CPU thread died
    if (timeout <= longestTimer) task.timer = setTimeout(() => this.#timeOut(task, timeout), timeout)
  }

  /** It has its slot now, but counts as started, for ages and its timeout, when a CPU thread takes it. */
  #offload(task: Task): void {
    task.caller.markWaiting(task, this.#now)
    const onStart = () => {
      task.caller.markStarted(task, this.#readClock())
      if (task.extras?.timeout !== undefined) this.#startTimer(task, task.extras.timeout)
    }
    const ended = this.#options
      .loadOffloading()
      .runTask(task, { onStart, onProgress: this.#progressOf(task) })
    ended.then(
      value => this.#fulfil(task, value),
      error => this.#reject(task, error),
    )
  }

  #call(task: Task, fn: LoadedFunction): void {
    const { storage } = context
    let value: unknown
    let promise: Promise<unknown> | undefined
    try {
      if (task.extras !== undefined) this.#prepare(task, task.extras)
      if (storage === undefined) value = this.#apply(task, fn)
      else {
        task.context = { task, progress: this.#progressOf(task) }
        value = storage.run(task.context, () => this.#apply(task, fn))
      }
      if (isThenable(value)) promise = Promise.resolve(value)
    } catch (error) {
      this.#reject(task, error)
      return
    }
    if (promise === undefined) this.#fulfil(task, value)
    else
      promise.then(
        result => this.#fulfil(task, result),
        error => this.#reject(task, error),
      )
  }

  /** Makes of the copied arguments again what a copy cannot be. */
  #prepare(task: Task, { carried }: RunExtras): void {
    if (carried !== undefined) reviveCarried(task, carried)
  }

  #apply(task: Task, { call, owner }: LoadedFunction): unknown {
    const value: unknown = Reflect.apply(call, owner, task.args)
    return task.stream === undefined ? value : this.#pump(task, task.stream, value)
  }

  #pump(task: Task, stream: StreamPump, source: unknown): Promise<void> {
    const { id, entry, caller } = task
    return stream.run(source, {
      onItem: item => {
        if (task.isAnswered) return
        caller.outbox.item(id, entry.label, item)
        this.#parking.wake()
      },
      onFinishing: () => {
        if (!task.isAnswered) caller.outbox.finishing(id)
      },
    })
  }

  #progressOf(task: Task): (value: unknown) => void {
    return value => {
      if (task.isAnswered) return
      try {
        task.caller.outbox.progress(task.id, task.entry.label, value)
      } catch (error) {
        throw progressRefusal(error, value, task.entry.label)
      }
    }
  }

  /** Released before it is answered: whoever has the outcome finds the slot given up in `stats()`. */
  #fulfil(task: Task, value: unknown): void {
    const { id, entry, caller, isAnswered, stream } = task
    this.#release(task)
    if (!isAnswered) caller.outbox.fulfilled(id, entry.label, stream === undefined ? value : undefined)
  }

  #reject(task: Task, error: unknown): void {
    const { id, entry, caller, isAnswered } = task
    entry.explain?.(error) // before its slot is given up: an error's getters may end the thread
    this.#release(task)
    if (!isAnswered) caller.outbox.rejected(id, entry.label, error)
  }

  /** The caller gets its answer now; the slot stays taken until the task really ends. */
  #timeOut(task: Task, timeout: number): void {
    if (task.isAnswered) return
    const { id, entry, caller } = task
    const error = new TimeoutError(
      `${entry.label} (task ${id} of executor '${this.#options.name}') took longer than its timeout of ${timeout} ms ` +
        `(${this.#loop.running} running, ${this.#loop.queued} queued)`,
    )
    caller.outbox.rejected(id, entry.label, error)
    caller.outbox.flush()
    task.end(error)
  }

  /** A free slot is no wake-up from the caller: the loop is woken here to fill it and to post the outcome. */
  #release(task: Task): void {
    if (task.timer !== undefined) clearTimeout(task.timer)
    if (this.#parking.isParked) this.#readClock()
    task.isAnswered = true
    if (task.extras !== undefined) this.#finish(task)
    this.#loop.release()
    task.caller.releaseSlot(task, this.#now)
    if (this.#places !== undefined && this.#options.queueSize === 0) this.#places.release()
    this.#parking.wake()
  }

  #finish(task: Task): void {
    task.caller.streams.delete(task.id)
    task.calls?.close()
  }
}

function turnEventLoop(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
