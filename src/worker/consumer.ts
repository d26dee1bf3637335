import { now } from '../channel/clock.js'
import { decodeError } from '../channel/error-record.js'
import { TimeoutError } from '../channel/errors.js'
import {
  type CancelRequest,
  Request,
  type RequestMessage,
  Response,
  type RunExtras,
  type RunRequest,
} from '../channel/records.js'
import { WorkerWants } from '../channel/wait.js'
import {
  bucketOf,
  Histogram,
  histogram,
  notYetStarted,
  runningSlots,
  sinceEpoch,
  startedAt,
  Word,
} from '../channel/words.js'
import { context } from './context.js'
import { createEntry, type FunctionEntry, type LoadedFunction } from './functions.js'
import type { Inbox } from './inbox.js'
import type { Offloading } from './offload.js'
import type { Outbox } from './outbox.js'
import { TaskQueue } from './queue.js'
import { Task } from './task.js'

export interface ConsumerOptions {
  words: Int32Array
  epoch: number
  inbox: Inbox
  outbox: Outbox
  loadOffloading(): Offloading
  size: number
  roots: string[] | undefined
}

/** How long tasks may keep the thread to themselves before sockets and timers get their turn, in ms. */
const longestTurn = 1

/** Node's timers go no further, 24.8 days; a longer timeout is none. */
const longestTimer = 2 ** 31 - 1

/** The bounded loop: takes tasks in, runs at most `size` at once, and sends their outcomes back. */
export class Consumer {
  readonly #options: ConsumerOptions
  readonly #words: Int32Array
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #functions = new Map<number, FunctionEntry>()
  readonly #queue = new TaskQueue<Task>()
  /** The tasks in the slots of shared memory, by index of the slot's word. */
  readonly #slots: (Task | undefined)[] = []
  readonly #freeSlots: number[]
  /** Slots of tasks whose outcome is in the outbox: until it is posted, their tasks count as running. */
  readonly #settledSlots: number[] = []
  #running = 0
  #dequeued: number
  #released: number
  #closing = false
  /** The clock as last read, for what need not be exact. */
  #now = now()

  constructor(options: ConsumerOptions) {
    this.#options = options
    this.#words = options.words
    this.#inbox = options.inbox
    this.#outbox = options.outbox
    this.#freeSlots = Array.from({ length: runningSlots(options.size) }, (_, slot) => Word.RunningIds + slot)
    this.#dequeued = Atomics.load(this.#words, Word.Dequeued)
    this.#released = Atomics.load(this.#words, Word.Released)
  }

  /** Runs until the caller closes the channel. */
  async run(): Promise<void> {
    let turned = this.#now
    while (!this.#closing) {
      this.#startTasks(turned + longestTurn)
      await null // tasks that settle without waiting for anything do so here
      this.flush()
      this.#readClock()
      if (this.#now - turned > longestTurn) {
        await turnEventLoop()
        turned = this.#readClock()
      }
      if (this.#hasWork()) continue
      if (this.#running === 0) this.#inbox.spin()
      else {
        await this.#linger()
        turned = this.#readClock()
      }
      if (this.#hasWork()) continue
      // Nothing can settle between this last look and the sleep: there is no await in between.
      await this.#inbox.park(this.#running < this.#options.size ? WorkerWants.Tasks : WorkerWants.Control)
      turned = this.#readClock()
    }
  }

  /** Posts outcomes, and only then gives their slots away: a slot says that its task may have run unseen. */
  flush(): void {
    if (this.#outbox.isWriting) return // a getter of a result ends the thread: that result will never be posted
    this.#outbox.flush()
    for (const slot of this.#settledSlots) {
      this.#slots[slot] = undefined
      Atomics.store(this.#words, slot, 0)
      this.#freeSlots.push(slot)
    }
    this.#settledSlots.length = 0
  }

  /** The reading is also the sign of life that `stats()` shows. */
  #readClock(): number {
    this.#now = now()
    Atomics.store(this.#words, Word.Heartbeat, sinceEpoch(this.#options.epoch, this.#now))
    return this.#now
  }

  #canStart(): boolean {
    return this.#running < this.#options.size && this.#queue.length > 0
  }

  #hasWork(): boolean {
    const isDue = !this.#outbox.isEmpty || this.#settledSlots.length > 0 || this.#closing
    return isDue || this.#inbox.hasNews() || this.#canStart()
  }

  /** With tasks in flight, waits a little for work while the event loop turns. */
  async #linger(): Promise<void> {
    const end = this.#now + this.#inbox.patience
    do await turnEventLoop()
    while (!this.#hasWork() && now() < end)
  }

  /**
   * Takes in every message before each start: the best task may be among them, and a cancel that was sent before
   * the start must come before it. Stops at `deadline`, so that outcomes of slow synchronous tasks are not kept
   * waiting for their neighbours, and after `size` starts, so that promises and sockets get their turn.
   */
  #startTasks(deadline: number): void {
    for (let started = 0; started < this.#options.size; started++) {
      for (let message = this.#inbox.next(); message !== undefined; message = this.#inbox.next())
        this.#receive(message)
      if (this.#closing || !this.#canStart() || (started > 0 && this.#readClock() > deadline)) return
      this.#start(this.#queue.shift() as Task)
    }
  }

  #receive(message: RequestMessage): void {
    switch (message[0]) {
      case Request.Run:
        this.#enqueue(message)
        break
      case Request.Define:
        this.#functions.set(message[1], createEntry(message[2], this.#options.roots))
        break
      case Request.Cancel:
        this.#cancel(message)
        break
      case Request.Close:
        this.#closing = true
        break
      case Request.Probe:
        Atomics.add(this.#words, Word.ProbesSeen, 1)
        break
    }
  }

  #enqueue(message: RunRequest): void {
    const entry = this.#functions.get(message[2]) as FunctionEntry
    this.#queue.push(new Task(message[1], entry, message[3], message[4], this.#now))
  }

  #cancel([, id, reason]: CancelRequest): void {
    const queued = this.#queue.find(id)
    if (queued !== undefined) {
      this.#queue.remove(queued)
      this.#countDequeued()
      this.#countReleased()
      return
    }
    const running = this.#slots.find(task => task?.id === id)
    if (running === undefined || running.isAnswered) return // it has ended meanwhile
    running.isAnswered = true
    running.abort(decodeError(reason))
  }

  #start(task: Task): void {
    this.#running++
    this.#occupySlot(task)
    this.#countDequeued()
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
    if (announce) this.#outbox.post([Response.Started, task.id])
  }

  #startTimer(task: Task, timeout: number): void {
    clearTimeout(task.timer) // of an attempt whose CPU thread died
    if (timeout <= longestTimer) task.timer = setTimeout(() => this.#timeOut(task, timeout), timeout)
  }

  /** It has its slot now, but counts as started, for ages and its timeout, when a CPU thread takes it. */
  #offload(task: Task): void {
    const { size, epoch } = this.#options
    const started = startedAt(task.slot, size)
    Atomics.store(this.#words, started, notYetStarted(sinceEpoch(epoch, this.#now)))
    const onStart = () => {
      task.started = this.#readClock()
      Atomics.store(this.#words, started, sinceEpoch(epoch, task.started))
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

  #call(task: Task, { call, owner }: LoadedFunction): void {
    const { storage } = context
    let value: unknown
    let promise: Promise<unknown> | undefined
    try {
      if (storage === undefined) value = Reflect.apply(call, owner, task.args)
      else
        value = storage.run({ task, progress: this.#progressOf(task) }, () =>
          Reflect.apply(call, owner, task.args),
        )
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

  #progressOf(task: Task): (value: unknown) => void {
    return value => {
      if (task.isAnswered) return
      this.#outbox.progress(task.id, value)
    }
  }

  /** Released before it is answered: whoever has the outcome finds the slot given up in `stats()`. */
  #fulfil(task: Task, value: unknown): void {
    const { isAnswered } = task
    this.#release(task)
    if (!isAnswered) this.#outbox.fulfilled(task.id, task.entry.label, value)
  }

  #reject(task: Task, error: unknown): void {
    const { isAnswered } = task
    this.#release(task)
    if (!isAnswered) this.#outbox.rejected(task.id, task.entry.label, error)
  }

  /** The caller gets its answer now; the slot stays taken until the task really ends. */
  #timeOut(task: Task, timeout: number): void {
    if (task.isAnswered) return
    const error = new TimeoutError(
      `${task.entry.label} (task ${task.id}) took longer than its timeout of ${timeout} ms`,
    )
    this.#outbox.rejected(task.id, task.entry.label, error)
    task.isAnswered = true
    this.#outbox.flush()
    task.abort(error)
  }

  /** A free slot is no wake-up from the caller: the loop is woken here to fill it and to post the outcome. */
  #release(task: Task): void {
    if (task.timer !== undefined) clearTimeout(task.timer)
    if (this.#inbox.isParked) this.#readClock()
    task.isAnswered = true
    this.#running--
    this.#record(Histogram.Run, this.#now - task.started)
    this.#settledSlots.push(task.slot)
    this.#countReleased()
    this.#inbox.wake()
  }

  /** The id goes into shared memory before the start is counted, so that a caller that counts sees it there. */
  #occupySlot(task: Task): void {
    if (this.#freeSlots.length === 0) this.flush()
    task.slot = this.#freeSlots.pop() as number
    this.#slots[task.slot] = task
    const { size, epoch } = this.#options
    task.started = this.#now
    this.#record(Histogram.Wait, task.started - task.arrived)
    Atomics.store(this.#words, startedAt(task.slot, size), sinceEpoch(epoch, this.#now))
    Atomics.store(this.#words, task.slot, task.id)
  }

  /** One writer, and a reader that can do with a number that is a little old: no atomics needed. */
  #record(which: Histogram, ms: number): void {
    const bucket = histogram(this.#options.size, which) + bucketOf(ms)
    this.#words[bucket] = (this.#words[bucket] as number) + 1
  }

  #countDequeued(): void {
    this.#dequeued = (this.#dequeued + 1) | 0
    Atomics.store(this.#words, Word.Dequeued, this.#dequeued)
    this.#outbox.announceSpace()
  }

  #countReleased(): void {
    this.#released = (this.#released + 1) | 0
    Atomics.store(this.#words, Word.Released, this.#released)
    this.#outbox.announceSpace()
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

function turnEventLoop(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
