import { checkIteratorResult } from '../channel/iterator-result.js'
import { createFuture, whenSettled } from './future.js'
import { cancelQueued, type MapRequest, type Submission } from './map.js'
import { TaskState } from './task.js'

/**
 * `mapBlocking` for an event loop: a feeder reads and submits items in the background, at most `lookAhead` ahead of
 * what has been given out; whoever stops early ends it and cancels what has not started.
 */
export async function* mapLater(
  request: MapRequest<Iterable<unknown> | AsyncIterable<unknown>>,
): AsyncGenerator<unknown, void, undefined> {
  const feeder = new Feeder(request)
  try {
    for (let result = await feeder.next(); result !== undefined; result = await feeder.next())
      yield await read(result)
  } finally {
    await feeder.close()
  }
}

class Feeder {
  readonly #request: MapRequest<Iterable<unknown> | AsyncIterable<unknown>>
  readonly #items: Iterator<unknown> | AsyncIterator<unknown>
  /** Submitted, or failed to be, and not given out, in the order of the items. */
  readonly #ahead = new Set<Submission>()
  /** Those of them that have settled, in that order. */
  readonly #ready: Submission[] = []
  /** The source is exhausted, has thrown, or was closed. */
  #isOver = false
  #feeding: Promise<void> | undefined
  #onChange: () => void = () => {}

  constructor(request: MapRequest<Iterable<unknown> | AsyncIterable<unknown>>) {
    this.#request = request
    const { items } = request
    this.#items = isAsync(items) ? items[Symbol.asyncIterator]() : items[Symbol.iterator]()
  }

  /** The next to be given out, when there is one; undefined after the last. */
  async next(): Promise<Submission | undefined> {
    this.#feed()
    for (;;) {
      const next = this.#take()
      if (next !== undefined) {
        this.#ahead.delete(next)
        this.#feed()
        return next
      }
      if (this.#isOver && this.#ahead.size === 0 && this.#feeding === undefined) return undefined
      await new Promise<void>(resolve => {
        this.#onChange = resolve
      })
    }
  }

  async close(): Promise<void> {
    for (const submission of this.#ahead) if ('task' in submission) cancelQueued(submission.task)
    await this.#closeSource()
  }

  async #closeSource(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    await this.#items.return?.()
  }

  #take(): Submission | undefined {
    if (!this.#request.ordered) return this.#ready.shift()
    const [first] = this.#ahead
    return first
  }

  #feed(): void {
    this.#feeding ??= this.#run().finally(() => {
      this.#feeding = undefined
      this.#onChange()
    })
  }

  /** One at a time, so that items are submitted in their order and the source is not asked twice at once. */
  async #run(): Promise<void> {
    const { dispatcher, fn, options, site } = this.#request
    while (!this.#isOver && this.#ahead.size < this.#request.lookAhead) {
      try {
        const { done, value } = await this.#nextItem()
        if (done) return
        const task = await dispatcher.submitLater({ fn, args: [value], options, site })
        if (this.#isOver) cancelQueued(task)
        else this.#add({ task })
      } catch (error) {
        this.#add({ error })
        await this.#closeSource().catch(closing => this.#add({ error: closing }))
      }
    }
  }

  /** A source that throws, or is exhausted, is not to be closed. */
  async #nextItem(): Promise<IteratorResult<unknown>> {
    let isOver = true
    try {
      const result = await this.#items.next()
      checkIteratorResult(result)
      isOver = result.done === true
      return result
    } finally {
      if (isOver) this.#isOver = true
    }
  }

  /** A failure is read only when it is given out: whoever stops before that leaves it to be reported. */
  #add(submission: Submission): void {
    this.#ahead.add(submission)
    const settle = () => {
      this.#ready.push(submission)
      this.#onChange()
    }
    if ('task' in submission && submission.task.state === TaskState.Pending)
      whenSettled(submission.task, settle)
    else settle()
    this.#onChange()
  }
}

/** Rejects with what its task threw, or with what kept it from being submitted. */
async function read(submission: Submission): Promise<unknown> {
  if ('error' in submission) throw submission.error
  return createFuture(submission.task).promise()
}

/** Not by `in`: a string is an iterable too. */
function isAsync(items: Iterable<unknown> | AsyncIterable<unknown>): items is AsyncIterable<unknown> {
  return typeof (items as AsyncIterable<unknown>)[Symbol.asyncIterator] === 'function'
}
