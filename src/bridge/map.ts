import { checkIteratorResult } from '../channel/iterator-result.js'
import { never } from './deadline.js'
import type { Dispatcher } from './dispatcher.js'
import type { FunctionName } from './function-names.js'
import type { TaskOptions } from './options.js'
import type { SubmitSite } from './submit-site.js'
import { type Task, TaskState } from './task.js'

export interface MapRequest<Items = unknown> {
  dispatcher: Dispatcher
  fn: FunctionName
  items: Items
  options: TaskOptions | undefined
  lookAhead: number
  /** In the order of the items; otherwise as they settle. */
  ordered: boolean
  site?: SubmitSite | undefined
}

/**
 * Results in the order of the items, or as they are ready. Items are read and submitted only as results are asked
 * for, at most `lookAhead` ahead; whoever stops early cancels what has not started.
 */
export function* mapBlocking(request: MapRequest<Iterable<unknown>>): Generator<unknown, void, undefined> {
  request.dispatcher.refuseInCallback(never)
  const source = new Submissions(request)
  const ahead = new Ahead(request)
  try {
    for (;;) {
      // With a result to wait for, a full queue is no reason to wait for space first.
      while (ahead.size < request.lookAhead && (ahead.size === 0 || request.dispatcher.hasSpace())) {
        const next = source.next()
        if (next === undefined) break
        ahead.add(next)
      }
      if (ahead.size === 0) return
      yield ahead.next()
    }
  } finally {
    ahead.cancel()
    source.close()
  }
}

/** A task, or what kept it from being submitted; that is thrown when its position is reached. */
export type Submission = { task: Task } | { error: unknown }

/** What has been submitted and not been given out. */
class Ahead {
  readonly #dispatcher: Dispatcher
  readonly #ordered: boolean
  /** In the order of the items. */
  readonly #submissions = new Set<Submission>()
  /** In the order in which they settled. */
  readonly #ready: Submission[] = []

  constructor({ dispatcher, ordered }: MapRequest) {
    this.#dispatcher = dispatcher
    this.#ordered = ordered
  }

  get size(): number {
    return this.#submissions.size
  }

  add(submission: Submission): void {
    this.#submissions.add(submission)
    if (this.#ordered) return
    if ('error' in submission || submission.task.state !== TaskState.Pending) this.#ready.push(submission)
    else {
      submission.task.expected = true
      submission.task.observe(() => this.#ready.push(submission))
    }
  }

  /** Blocks for the value whose turn it is; throws what its task threw. */
  next(): unknown {
    const submission = this.#ordered ? this.#first() : this.#firstReady()
    this.#submissions.delete(submission)
    if ('error' in submission) throw submission.error
    const { task } = submission
    task.expected = true
    this.#dispatcher.await(task, never)
    return task.read()
  }

  cancel(): void {
    for (const submission of this.#submissions) if ('task' in submission) cancelQueued(submission.task)
  }

  #first(): Submission {
    const [first] = this.#submissions
    return first as Submission
  }

  #firstReady(): Submission {
    this.#dispatcher.awaitUntil(() => this.#ready.length > 0, never)
    return this.#ready.shift() as Submission
  }
}

class Submissions {
  readonly #request: MapRequest<Iterable<unknown>>
  readonly #items: Iterator<unknown>
  #isOver = false

  constructor(request: MapRequest<Iterable<unknown>>) {
    this.#request = request
    this.#items = request.items[Symbol.iterator]()
  }

  next(): Submission | undefined {
    if (this.#isOver) return undefined
    const { dispatcher, fn, options, site } = this.#request
    try {
      const { done, value } = this.#nextItem()
      return done ? undefined : { task: dispatcher.submit({ fn, args: [value], options, site }) }
    } catch (error) {
      this.close()
      return { error }
    }
  }

  /** Items that throw, or are exhausted, are not to be closed. */
  #nextItem(): IteratorResult<unknown> {
    this.#isOver = true
    const result = this.#items.next()
    checkIteratorResult(result)
    this.#isOver = result.done === true
    return result
  }

  close(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#items.return?.()
  }
}

export function cancelQueued(task: Task): void {
  if (!task.dispatcher.isRunning(task)) task.dispatcher.cancel(task, undefined)
}
