import { Request, type RequestMessage, type RunRequest } from '../channel/records.js'
import { WorkerWants } from '../channel/wait.js'
import { runningSlots, Word } from '../channel/words.js'
import { createEntry, type FunctionEntry } from './functions.js'
import type { Inbox } from './inbox.js'
import type { Outbox } from './outbox.js'
import { type Queued, TaskQueue } from './queue.js'

/** A task as the worker sees it. */
interface Task extends Queued {
  readonly id: number
  readonly entry: FunctionEntry
  readonly args: readonly unknown[]
  slot: number
}

/** How long tasks may keep the thread to themselves before sockets and timers get their turn, in ms. */
const longestTurn = 1

/** The bounded loop: takes tasks in, runs at most `size` at once, and sends their outcomes back. */
export class Consumer {
  readonly #words: Int32Array
  readonly #inbox: Inbox
  readonly #outbox: Outbox
  readonly #size: number
  readonly #functions = new Map<number, FunctionEntry>()
  readonly #queue = new TaskQueue<Task>()
  readonly #freeSlots: number[]
  /** Slots of tasks whose outcome is in the outbox: until it is posted, their tasks count as running. */
  #settledSlots: number[] = []
  #running = 0
  #dequeued: number
  #released: number
  #closing = false
  constructor(options: { words: Int32Array; inbox: Inbox; outbox: Outbox; size: number }) {
    this.#words = options.words
    this.#inbox = options.inbox
    this.#outbox = options.outbox
    this.#size = options.size
    this.#freeSlots = Array.from({ length: runningSlots(options.size) }, (_, slot) => Word.RunningIds + slot)
    this.#dequeued = Atomics.load(this.#words, Word.Dequeued)
    this.#released = Atomics.load(this.#words, Word.Released)
  }

  /** Runs until the caller closes the channel. */
  async run(): Promise<void> {
    let turned = performance.now()
    while (!this.#closing) {
      this.#startTasks(turned + longestTurn)
      await null // tasks that settle without waiting for anything do so here
      this.flush()
      if (performance.now() - turned > longestTurn) {
        await turnEventLoop()
        turned = performance.now()
      }
      if (this.#hasWork()) continue
      if (this.#running === 0) this.#inbox.spin()
      else await this.#linger()
      if (this.#hasWork()) continue
      // Nothing can settle between this last look and the sleep: there is no await in between.
      await this.#inbox.park(this.#running < this.#size ? WorkerWants.Tasks : WorkerWants.Control)
      turned = performance.now()
    }
  }

  /** Posts outcomes, and only then gives their slots away: a slot says that its task may have run unseen. */
  flush(): void {
    this.#outbox.flush()
    for (const slot of this.#settledSlots) {
      Atomics.store(this.#words, slot, 0)
      this.#freeSlots.push(slot)
    }
    this.#settledSlots.length = 0
  }

  #canStart(): boolean {
    return this.#running < this.#size && this.#queue.length > 0
  }

  #hasWork(): boolean {
    return this.#inbox.hasNews() || this.#canStart() || !this.#outbox.isEmpty
  }

  /** With tasks in flight, waits a little for work while the event loop turns. */
  async #linger(): Promise<void> {
    const end = performance.now() + this.#inbox.patience
    do await turnEventLoop()
    while (!this.#hasWork() && performance.now() < end)
  }

  /**
   * Takes in every message before each start: the best task may be among them, and a cancel that was sent before
   * the start must come before it. Stops at `deadline`, so that outcomes of slow synchronous tasks are not kept
   * waiting for their neighbours, and after `size` starts, so that promises and sockets get their turn.
   */
  #startTasks(deadline: number): void {
    for (let started = 0; started < this.#size; started++) {
      for (let message = this.#inbox.next(); message !== undefined; message = this.#inbox.next())
        this.#receive(message)
      if (!this.#canStart() || (started > 0 && performance.now() > deadline)) return
      this.#start(this.#queue.shift() as Task)
    }
  }

  #receive(message: RequestMessage): void {
    switch (message[0]) {
      case Request.Run:
        this.#enqueue(message)
        break
      case Request.Define:
        this.#functions.set(message[1], createEntry(message[2], message[3], message[4]))
        break
      case Request.Cancel:
        this.#cancel(message[1])
        break
      case Request.Close:
        this.#closing = true
        break
      case Request.Probe:
        break
    }
  }

  #enqueue(message: RunRequest): void {
    const task: Task = {
      id: message[1],
      entry: this.#functions.get(message[2]) as FunctionEntry,
      args: message[3],
      priority: message.length > 4 ? (message[4] as number) : 0,
      slot: 0,
      previous: undefined,
      next: undefined,
    }
    this.#queue.push(task)
  }

  #cancel(id: number): void {
    const task = this.#queue.find(queued => queued.id === id)
    if (task === undefined) return // it has started or settled meanwhile; the caller has settled it already
    this.#queue.remove(task)
    this.#countDequeued()
    this.#countReleased()
  }

  #start(task: Task): void {
    this.#running++
    this.#occupySlot(task)
    this.#countDequeued()
    const { loaded } = task.entry
    if (loaded !== undefined) this.#call(task, loaded)
    else
      task.entry.load().then(
        entry => this.#call(task, entry),
        error => this.#reject(task, error),
      )
  }

  #call(task: Task, { call, owner }: NonNullable<FunctionEntry['loaded']>): void {
    let value: unknown
    try {
      value = Reflect.apply(call, owner, task.args)
    } catch (error) {
      this.#reject(task, error)
      return
    }
    if (!isThenable(value)) this.#fulfil(task, value)
    else
      Promise.resolve(value).then(
        result => this.#fulfil(task, result),
        error => this.#reject(task, error),
      )
  }

  #fulfil(task: Task, value: unknown): void {
    this.#outbox.fulfilled(task.id, task.entry.label, value)
    this.#release(task)
  }

  #reject(task: Task, error: unknown): void {
    this.#outbox.rejected(task.id, task.entry.label, error)
    this.#release(task)
  }

  /** A free slot is no wake-up from the caller: the loop is woken here to fill it and to post the outcome. */
  #release(task: Task): void {
    this.#running--
    this.#settledSlots.push(task.slot)
    this.#countReleased()
    this.#inbox.wake()
  }

  /** The id goes into shared memory before the start is counted, so that a caller that counts sees it there. */
  #occupySlot(task: Task): void {
    if (this.#freeSlots.length === 0) this.flush()
    task.slot = this.#freeSlots.pop() as number
    Atomics.store(this.#words, task.slot, task.id | 0)
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
