import { checkIteratorResult } from '../channel/iterator-result.js'
import { invalidReturn } from '../channel/validate.js'

export interface StreamEvents {
  onItem(item: unknown): void
  /** The stream was closed, no item is being made any more, and the `finally` blocks begin. */
  onFinishing(): void
}

/**
 * Runs a generator as far ahead as its caller's credit goes.
 *
 * It waits for two things. For credit, or the close of the stream, while it has none: both come as messages, and
 * `grant` and `close` end the wait after they wrote their field, all in this thread. And for the generator itself,
 * which only that can end; `close` aborts the task's signal then.
 */
export class StreamPump {
  #credit: number
  #isClosed = false
  #isProducing = false
  #resume: (() => void) | undefined

  constructor(credit: number) {
    this.#credit = credit
  }

  grant(credit: number): void {
    this.#credit += credit
    this.#wake()
  }

  /** @returns whether the generator is in the midst of making an item, so that only a signal can hurry it */
  close(): boolean {
    this.#isClosed = true
    this.#wake()
    return this.#isProducing
  }

  /** Settles when the generator has ended, after its `finally` blocks. */
  async run(source: unknown, { onItem, onFinishing }: StreamEvents): Promise<void> {
    const { iterator, isAsync } = iteratorOf(await source)
    for (;;) {
      while (this.#credit === 0 && !this.#isClosed) await this.#untilWoken()
      if (this.#isClosed) break
      this.#isProducing = true
      const result = await iterator.next()
      checkIteratorResult(result)
      const { done, value } = result
      let item = value
      try {
        // A sync generator may yield a promise, and does not know if that rejects.
        if (!isAsync) item = await value
        this.#isProducing = false
        if (done) return
        if (this.#isClosed) break
        this.#credit--
        onItem(item)
      } catch (error) {
        if (!done) await closeQuietly(iterator)
        throw error
      }
    }
    onFinishing()
    await iterator.return?.()
  }

  #untilWoken(): Promise<void> {
    return new Promise(resolve => {
      this.#resume = resolve
    })
  }

  #wake(): void {
    this.#resume?.()
    this.#resume = undefined
  }
}

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>

/** There is an error already, which is why: as in `for`, one of a `finally` block does not take its place. */
async function closeQuietly(iterator: AnyIterator): Promise<void> {
  try {
    await iterator.return?.()
  } catch {}
}

interface Source {
  iterator: AnyIterator
  isAsync: boolean
}

function iteratorOf(source: unknown): Source {
  const asyncIterator = (source as AsyncIterable<unknown> | undefined)?.[Symbol.asyncIterator]
  if (typeof asyncIterator === 'function')
    return { iterator: Reflect.apply(asyncIterator, source, []), isAsync: true }
  const iterator = (source as Iterable<unknown> | undefined)?.[Symbol.iterator]
  if (typeof iterator === 'function' && typeof source !== 'string')
    return { iterator: Reflect.apply(iterator, source, []), isAsync: false }
  throw invalidReturn('an async generator or another iterable', source)
}
