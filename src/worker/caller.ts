import { type AnswerRequest, Response } from '../channel/records.js'
import {
  bucketOf,
  Histogram,
  histogram,
  notYetStarted,
  runningSlots,
  sinceEpoch,
  startedAt,
  Word,
  type WorkerState,
} from '../channel/words.js'
import type { FunctionEntry } from './functions.js'
import type { Inbox } from './inbox.js'
import type { Outbox } from './outbox.js'
import type { Remotes } from './remote.js'
import type { Task } from './task.js'

export interface CallerOptions {
  words: Int32Array
  epoch: number
  inbox: Inbox
  outbox: Outbox
  size: number
  /** If it is not the owner. */
  ownerWords?: Int32Array
}

let count = 0

/** A calling thread as the worker sees it: its channel, the functions it named, and which of its tasks hold slots. */
export class Caller {
  readonly inbox: Inbox
  readonly outbox: Outbox
  readonly functions = new Map<number, FunctionEntry>()
  /** Tasks that stream their results, queued or running. */
  readonly streams = new Map<number, Task>()
  /** From the first use of a `remote()` on. */
  remotes: Remotes | undefined
  readonly #number = count++
  readonly #words: Int32Array
  readonly #epoch: number
  readonly #size: number
  /** The tasks in the slots of shared memory, by index of the slot's word. */
  readonly #slots: (Task | undefined)[] = []
  readonly #freeSlots: number[]
  /** Slots of tasks whose outcome is in the outbox: until it is posted, their tasks count as running. */
  readonly #settledSlots: number[] = []
  #dequeued: number
  #released: number
  /** Where the owner sees how many tasks of others there are. */
  #ownerWords: Int32Array | undefined
  /** Tasks queued or running; not counted in the owner. */
  #unfinished = 0

  constructor({ words, epoch, inbox, outbox, size, ownerWords }: CallerOptions) {
    this.inbox = inbox
    this.outbox = outbox
    inbox.onUnreadable = (number, reason) => outbox.post([Response.Unread, number, reason])
    this.#words = words
    this.#epoch = epoch
    this.#size = size
    this.#ownerWords = ownerWords
    this.#freeSlots = Array.from({ length: runningSlots(size) }, (_, slot) => Word.RunningIds + slot)
    this.#dequeued = Atomics.load(words, Word.Dequeued)
    this.#released = Atomics.load(words, Word.Released)
  }

  /** There is something to flush. */
  get isDue(): boolean {
    return !this.outbox.isEmpty || this.#settledSlots.length > 0
  }

  /** Posts outcomes, and only then gives their slots away: a slot says that its task may have run unseen. */
  flush(): void {
    if (this.outbox.isWriting) return // a getter of a result ends the thread: that result will never be posted
    this.outbox.flush()
    for (const slot of this.#settledSlots) {
      this.#slots[slot] = undefined
      Atomics.store(this.#words, slot, 0)
      this.#freeSlots.push(slot)
    }
    this.#settledSlots.length = 0
  }

  /** Tells tasks of different callers apart, whose ids may be the same. */
  keyOf(id: number): number {
    return this.#number * 2 ** 31 + id
  }

  get running(): Task[] {
    return this.#slots.filter(task => task !== undefined)
  }

  findRunning(id: number): Task | undefined {
    return this.#slots.find(task => task?.id === id)
  }

  /** What a function or an object of the caller's answered. */
  settleCall(answer: AnswerRequest): void {
    if (answer[1] === 0) this.remotes?.settle(answer)
    else this.findRunning(answer[1])?.calls?.settle(answer)
  }

  /** The id goes into shared memory before the start is counted, so that a caller that counts sees it there. */
  occupySlot(task: Task, time: number): void {
    if (this.#freeSlots.length === 0) this.flush()
    task.slot = this.#freeSlots.pop() as number
    this.#slots[task.slot] = task
    task.started = time
    this.#record(Histogram.Wait, time - task.arrived)
    this.#storeStart(task, sinceEpoch(this.#epoch, time))
    Atomics.store(this.#words, task.slot, task.id)
    this.countDequeued()
  }

  /** It has its slot and waits for a CPU thread: that is no running time. */
  markWaiting(task: Task, time: number): void {
    this.#storeStart(task, notYetStarted(sinceEpoch(this.#epoch, time)))
  }

  markStarted(task: Task, time: number): void {
    task.started = time
    this.#storeStart(task, sinceEpoch(this.#epoch, time))
  }

  #storeStart(task: Task, start: number): void {
    Atomics.store(this.#words, startedAt(task.slot, this.#size), start)
  }

  /** The task has ended; its slot is free as soon as its outcome is posted. */
  releaseSlot(task: Task, time: number): void {
    this.#record(Histogram.Run, time - task.started)
    this.#settledSlots.push(task.slot)
    this.countReleased()
  }

  countArrived(): void {
    if (this.#ownerWords !== undefined) this.#countUnfinished(this.#ownerWords, 1)
  }

  /** It is gone, and what it had running is nobody's. */
  forgetUnfinished(): void {
    if (this.#ownerWords !== undefined) this.#countUnfinished(this.#ownerWords, -this.#unfinished)
    this.#ownerWords = undefined
  }

  #countUnfinished(ownerWords: Int32Array, change: number): void {
    this.#unfinished += change
    Atomics.add(ownerWords, Word.TasksOfOthers, change)
  }

  countDequeued(): void {
    this.#dequeued = (this.#dequeued + 1) | 0
    Atomics.store(this.#words, Word.Dequeued, this.#dequeued)
    this.outbox.announceSpace()
  }

  countReleased(): void {
    this.#released = (this.#released + 1) | 0
    Atomics.store(this.#words, Word.Released, this.#released)
    if (this.#ownerWords !== undefined) this.#countUnfinished(this.#ownerWords, -1)
    this.outbox.announceSpace()
  }

  /** The sign of life that `stats()` shows. */
  beat(time: number): void {
    Atomics.store(this.#words, Word.Heartbeat, sinceEpoch(this.#epoch, time))
  }

  /** The thread ends; its exit hooks may still run. */
  exit(code: number, state: WorkerState): void {
    Atomics.store(this.#words, Word.ExitCode, code)
    Atomics.store(this.#words, Word.WorkerState, state)
    this.outbox.ring()
  }

  /** A place in a shared queue is this caller's, if it comes for it. */
  grant(): void {
    Atomics.store(this.#words, Word.Grant, 1)
    this.outbox.announceSpace()
  }

  /** True if it had not come for it. */
  takeGrant(): boolean {
    return Atomics.exchange(this.#words, Word.Grant, 0) === 1
  }

  answerProbe(): void {
    Atomics.add(this.#words, Word.ProbesSeen, 1)
  }

  /** One writer, and a reader that can do with a number that is a little old: no atomics needed. */
  #record(which: Histogram, ms: number): void {
    const bucket = histogram(this.#size, which) + bucketOf(ms)
    this.#words[bucket] = (this.#words[bucket] as number) + 1
  }
}
