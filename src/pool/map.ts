import { checkIteratorResult } from '../channel/iterator-result.js'
import { ObservedPromise } from './promise.js'

/** A task that was handed over for an item. */
export interface Submission {
  /** Resolves when the pool has accepted the task. */
  readonly accepted: Promise<unknown>
  readonly isSettled: boolean
  /** The calling code waits for the task, until `change` settles. */
  awaitUntil(change: ObservedPromise<void>): void
  /** Once it is accepted: calls back when the task has settled. How it did stays unread. */
  whenSettled(callback: () => void): void
  /** To be asked for when it is given out: from then on its failure is no longer one that nobody reads. */
  result(): Promise<unknown>
  /** Takes it back, unless it has started. */
  withdraw(): void
}

export interface MapRequest {
  readonly items: Iterable<unknown> | AsyncIterable<unknown>
  /** Throws what keeps the item from being submitted. */
  submit(item: unknown): Submission
  /** false: results in the order in which they are ready. */
  readonly ordered: boolean
  /** Items read ahead of the result that is asked for. */
  readonly lookAhead: number
  /** Whether the calling code is a task of the pool itself, which may wait for what never starts. */
  isInTask(): boolean
}

/**
 * Results of a call for each item. From the first that is asked for, items are read and submitted in the background, at
 * most `lookAhead` ahead of what has been given out; whoever stops early ends that and takes back what has not started.
 */
export async function* mapItems(request: MapRequest): AsyncGenerator<unknown, void, undefined> {
  const feeder = new Feeder(request)
  try {
    for (let result = await feeder.next(); result !== undefined; result = await feeder.next())
      yield await result.read()
  } finally {
    await feeder.close()
  }
}

/** A result to come. */
interface Result {
  /** Rejects with what its task threw, or with what kept it from being submitted. */
  read(): Promise<unknown>
  readonly submission: Submission | undefined
}

class Feeder {
  readonly #request: MapRequest
  readonly #items: Iterator<unknown> | AsyncIterator<unknown>
  /** Read and not given out, in the order of the items. */
  readonly #ahead = new Set<Result>()
  /** Those of them that have settled, in that order. */
  readonly #ready: Result[] = []
  /** Read, and not accepted yet. */
  #entering: Submission | undefined
  /** The source is exhausted, has thrown, or was closed. */
  #isOver = false
  #isFeeding = false
  #onChange: () => void = () => {}

  constructor(request: MapRequest) {
    this.#request = request
    const items = request.items as AsyncIterable<unknown> & Iterable<unknown>
    this.#items = items[Symbol.asyncIterator]?.() ?? items[Symbol.iterator]()
  }

  /** The next to be given out, when there is one; undefined after the last. */
  async next(): Promise<Result | undefined> {
    for (;;) {
      this.#feed()
      const next = this.#take()
      if (next !== undefined) {
        this.#ahead.delete(next)
        this.#feed()
        return next
      }
      if (this.#isOver && this.#ahead.size === 0 && !this.#isFeeding) return undefined
      // Everything that could change the answer comes from `#add` or from the end of `#run`, which call this.
      const change = new ObservedPromise<void>(resolve => {
        this.#onChange = resolve
      })
      if (this.#request.isInTask()) this.#latest()?.awaitUntil(change)
      await change
    }
  }

  /** The last in line of those that are waited for: they start in the order of the items. */
  #latest(): Submission | undefined {
    if (this.#entering !== undefined) return this.#entering
    return [...this.#ahead].findLast(({ submission }) => submission?.isSettled === false)?.submission
  }

  async close(): Promise<void> {
    this.#entering?.withdraw()
    for (const { submission } of this.#ahead) submission?.withdraw()
    await this.#closeSource()
  }

  async #closeSource(): Promise<void> {
    if (this.#isOver) return
    this.#isOver = true
    await this.#items.return?.()
  }

  #take(): Result | undefined {
    if (!this.#request.ordered) return this.#ready.shift()
    const [first] = this.#ahead
    return first
  }

  #feed(): void {
    if (this.#isFeeding || this.#isOver || this.#ahead.size >= this.#request.lookAhead) return
    this.#isFeeding = true
    this.#run()
  }

  /** One at a time, so that items are submitted in their order and the source is not asked twice at once. */
  async #run(): Promise<void> {
    while (!this.#isOver && this.#ahead.size < this.#request.lookAhead) {
      try {
        await this.#feedOne()
      } catch (error) {
        await this.#fail(error)
      }
    }
    this.#isFeeding = false
    this.#onChange()
  }

  async #feedOne(): Promise<void> {
    const { done, value } = await this.#nextItem()
    if (done || this.#isOver) return
    const submission = this.#request.submit(await value)
    this.#entering = submission
    await acceptance(submission)
    this.#entering = undefined
    const result = { submission, read: () => submission.result() }
    this.#add(result)
    submission.whenSettled(() => this.#settle(result))
    if (this.#isOver) submission.withdraw()
  }

  /** What the source threw, or what kept an item from being submitted, is given out in its place, as the last. */
  async #fail(error: unknown): Promise<void> {
    this.#entering = undefined
    const result = { submission: undefined, read: () => Promise.reject(error) }
    this.#add(result)
    this.#settle(result)
    await this.#closeSource().catch(() => {}) // as in `for`: the first error is the one that is thrown
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

  #add(result: Result): void {
    this.#ahead.add(result)
    this.#onChange()
  }

  #settle(result: Result): void {
    this.#ready.push(result)
    this.#onChange()
  }
}

/** Who reads ahead does not wait: that does who asks for a result. A pool takes what is awaited for awaited by a task. */
function acceptance({ accepted }: Submission): Promise<void> {
  return new Promise((resolve, reject) => {
    accepted.then(
      () => resolve(),
      error => reject(error),
    )
  })
}
