import { never } from './deadline.js'
import type { Dispatcher } from './dispatcher.js'
import type { FunctionName } from './function-names.js'
import type { TaskOptions } from './options.js'
import type { Task } from './task.js'

export interface MapRequest {
  dispatcher: Dispatcher
  fn: FunctionName
  items: Iterable<unknown>
  options: TaskOptions | undefined
  lookAhead: number
}

/**
 * Results in the order of the items. Items are read and submitted only as results are asked for, at most
 * `lookAhead` ahead; whoever stops early cancels what has not started.
 */
export function* mapInOrder(request: MapRequest): Generator<unknown, void, undefined> {
  const source = new Submissions(request)
  const ahead: Submission[] = []
  try {
    for (;;) {
      // With a result to wait for, a full queue is no reason to wait for space first.
      while (ahead.length < request.lookAhead && (ahead.length === 0 || request.dispatcher.hasSpace())) {
        const next = source.next()
        if (next === undefined) break
        ahead.push(next)
      }
      const first = ahead.shift()
      if (first === undefined) return
      yield awaitValue(first)
    }
  } finally {
    for (const submission of ahead) if ('task' in submission) cancelQueued(submission.task)
    source.close()
  }
}

/** A task, or what kept it from being submitted; that is thrown when its position is reached. */
type Submission = { task: Task } | { error: unknown }

class Submissions {
  readonly #request: MapRequest
  readonly #items: Iterator<unknown>
  #isOver = false

  constructor(request: MapRequest) {
    this.#request = request
    this.#items = request.items[Symbol.iterator]()
  }

  next(): Submission | undefined {
    if (this.#isOver) return undefined
    const { dispatcher, fn, options } = this.#request
    try {
      const { done, value } = this.#nextItem()
      return done ? undefined : { task: dispatcher.submit(fn, [value], options) }
    } catch (error) {
      this.close()
      return { error }
    }
  }

  /** Items that throw, or are exhausted, are not to be closed. */
  #nextItem(): IteratorResult<unknown> {
    this.#isOver = true
    const result = this.#items.next()
    this.#isOver = result.done === true
    return result
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#items.return?.()
  }
}

function cancelQueued(task: Task): void {
  if (!task.dispatcher.isRunning(task)) task.dispatcher.cancel(task, undefined)
}

function awaitValue(submission: Submission): unknown {
  if ('error' in submission) throw submission.error
  const { task } = submission
  task.expected = true
  task.dispatcher.await(task, never)
  return task.read()
}
