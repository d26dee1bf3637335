import { now } from '../channel/clock.js'
import { ExecutorClosedError } from '../channel/errors.js'
import type { ItemsResponse } from '../channel/records.js'
import { callDue } from './callbacks.js'
import { isOver, never } from './deadline.js'
import type { Call, Dispatcher } from './dispatcher.js'
import { type Task, TaskState } from './task.js'

/** How long whoever leaves a stream early waits for a generator to end making the item that it is at, in ms. */
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
  /** No item is being made, and none will be: what is left are `finally` blocks, which take what time they take. */
  isFinishing = false
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

  /** A message without items says that no more will be made. */
  receive(message: ItemsResponse): void {
    if (message.length === 2) this.isFinishing = true
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
  const task = dispatcher.submit({ ...call, stream: buffer, isExpected: true })
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
      const isMade = () => buffer.isFinishing || task.state !== TaskState.Pending
      if (dispatcher.awaitUntil(isMade, now() + longestEnding)) dispatcher.await(task, never)
      else dispatcher.cancel(task, undefined)
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
  const task = await dispatcher.submitLater({ ...call, stream: buffer, isExpected: true })
  try {
    for (;;) {
      if (buffer.isEmpty) {
        dispatcher.takeIn()
        callDue()
      }
      while (buffer.isEmpty && task.state === TaskState.Pending)
        await newsWithin(never, { dispatcher, task, buffer })
      if (buffer.isEmpty) return finish(task, buffer)
      yield next(task, buffer)
    }
  } finally {
    if (task.state === TaskState.Pending) {
      dispatcher.streams.end(task)
      const limit = now() + longestEnding
      while (task.state === TaskState.Pending && (buffer.isFinishing || !isOver(limit)))
        await newsWithin(buffer.isFinishing ? never : limit - now(), { dispatcher, task, buffer })
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

/**
 * Ended by the message that brings items or the outcome, or when the time is over; a worker that dies settles the task.
 */
async function newsWithin(
  timeout: number,
  { dispatcher, task, buffer }: { dispatcher: Dispatcher; task: Task; buffer: StreamBuffer },
): Promise<void> {
  dispatcher.eventLoop.hold()
  await new Promise<void>(resolve => {
    const timer = timeout === never ? undefined : setTimeout(goOn, timeout)
    function goOn(): void {
      clearTimeout(timer)
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
