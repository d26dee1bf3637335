import { now } from '../channel/clock.js'
import { ExecutorClosedError } from '../channel/errors.js'
import type { ItemsResponse } from '../channel/records.js'
import { callDue } from './callbacks.js'
import { never } from './deadline.js'
import type { Call, Dispatcher } from './dispatcher.js'
import { settlesWithin, type Task, TaskState } from './task.js'

/** How long whoever leaves a stream early waits for a generator that is in the midst of making an item, in ms. */
const longestEnding = 1000

/** Items of a stream that have come and have not been read. */
export class StreamBuffer {
  /** The worker never sends more than this ahead of what has been read. */
  readonly lookAhead: number
  #items: unknown[] = []
  /** How many of them have been read. */
  #read = 0
  /** Items that the worker may send still. */
  #credit: number
  /** Items read whose places have not been granted anew. */
  #ungranted = 0
  /** Called when items come. */
  onItems: (() => void) | undefined
  /** Nobody reads on. */
  isEnded = false
  /** Why it ends before its end. */
  cutShort: Error | undefined

  constructor(lookAhead: number) {
    this.lookAhead = lookAhead
    this.#credit = lookAhead
  }

  get isEmpty(): boolean {
    return this.#read === this.#items.length
  }

  /** The worker waits for its reader. */
  get isStarved(): boolean {
    return this.#credit === 0
  }

  receive(message: ItemsResponse): void {
    if (this.isEmpty) {
      this.#items = []
      this.#read = 0
    }
    for (let index = 2; index < message.length; index++) this.#items.push(message[index])
    this.#credit -= message.length - 2
    this.onItems?.()
  }

  shift(): unknown {
    const item = this.#items[this.#read]
    this.#items[this.#read++] = undefined
    this.#ungranted++
    return item
  }

  /** So many places are to be granted now: by halves of the look-ahead, to save messages. */
  takeGrant(): number {
    if (this.#ungranted * 2 < this.lookAhead) return 0
    const granted = this.#ungranted
    this.#credit += granted
    this.#ungranted = 0
    return granted
  }
}

export interface StreamRequest {
  dispatcher: Dispatcher
  call: Call
  lookAhead: number
}

/** The items of a generator in the worker. Waits for the next one by blocking. */
export function* streamBlocking({
  dispatcher,
  call,
  lookAhead,
}: StreamRequest): Generator<unknown, void, undefined> {
  const buffer = new StreamBuffer(lookAhead)
  const task = dispatcher.submit({ ...call, stream: buffer })
  task.expected = true
  try {
    for (;;) {
      if (buffer.isEmpty)
        dispatcher.awaitUntil(() => !buffer.isEmpty || task.state !== TaskState.Pending, never)
      if (buffer.isEmpty) return finish(task, buffer)
      yield next(task, buffer)
    }
  } finally {
    if (task.state === TaskState.Pending) {
      dispatcher.streams.end(task)
      const holds = () => task.state !== TaskState.Pending
      if (!dispatcher.awaitUntil(holds, now() + longestEnding)) dispatcher.cancel(task, undefined)
      failIfFailed(task)
    } else task.reportUnread() // nobody came as far as its error
  }
}

/** The items of a generator in the worker. Waits for the next one on the event loop. */
export async function* streamLater({
  dispatcher,
  call,
  lookAhead,
}: StreamRequest): AsyncGenerator<unknown, void, undefined> {
  const buffer = new StreamBuffer(lookAhead)
  const task = await dispatcher.submitLater({ ...call, stream: buffer })
  task.expected = true
  try {
    for (;;) {
      if (buffer.isEmpty) {
        dispatcher.takeIn()
        callDue()
      }
      while (buffer.isEmpty && task.state === TaskState.Pending) await itemsOrEnd(dispatcher, task, buffer)
      if (buffer.isEmpty) return finish(task, buffer)
      yield next(task, buffer)
    }
  } finally {
    if (task.state === TaskState.Pending) {
      dispatcher.streams.end(task)
      dispatcher.eventLoop.hold()
      await settlesWithin(task, longestEnding)
      dispatcher.eventLoop.release()
      if (task.state === TaskState.Pending) dispatcher.cancel(task, undefined)
      failIfFailed(task)
    } else task.reportUnread() // nobody came as far as its error
  }
}

function next(task: Task, buffer: StreamBuffer): unknown {
  const item = buffer.shift()
  const granted = buffer.takeGrant()
  if (granted > 0) task.dispatcher.streams.grant(task, granted)
  return item
}

/** The end of the stream, which is no success if something cut it short. */
function finish(task: Task, { cutShort }: StreamBuffer): void {
  task.read()
  if (cutShort !== undefined) throw cutShort
}

/** A `finally` block of the generator may have thrown. */
function failIfFailed(task: Task): void {
  if (task.state === TaskState.Rejected) task.read()
}

/** Ended by the message that brings items or the outcome; a worker that dies settles the task. */
async function itemsOrEnd(dispatcher: Dispatcher, task: Task, buffer: StreamBuffer): Promise<void> {
  dispatcher.eventLoop.hold()
  await new Promise<void>(resolve => {
    const goOn = () => {
      buffer.onItems = undefined
      task.observers?.delete(goOn)
      resolve()
    }
    buffer.onItems = goOn
    task.observe(goOn)
  })
  dispatcher.eventLoop.release()
}

export function cutShortError(task: Task): ExecutorClosedError {
  return new ExecutorClosedError(
    `the stream of ${task.label} was ended before its last item: its executor shuts down`,
  )
}
