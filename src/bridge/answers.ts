import type { Transferable } from 'node:worker_threads'
import { isRefusal, notCloneable } from '../channel/cloneable.js'
import { encodeError, isError } from '../channel/error-record.js'
import { DeadlockError } from '../channel/errors.js'
import { type AnswerRequest, Outcome, Request } from '../channel/records.js'
import { isThenable } from '../channel/thenable.js'
import { transferListOf } from '../channel/transfer.js'
import { toError } from './report.js'

/** Who waits for an answer: a task, or, with id 0, whoever uses an object of this thread through a proxy. */
export interface Asker {
  readonly id: number
  /** What messages call it. */
  readonly label: string
}

/** A call that has no answer yet. */
interface Unanswered {
  asker: Asker
  call: number
}

/**
 * Runs what the worker of one executor calls in this thread, callbacks of tasks and objects behind proxies, and sends
 * back what they return or throw.
 *
 * A task that waits for an answer is waited for by the thread that is to give it. So that never both wait: a callback
 * cannot block in its executor, and the promise of an async one, which settles only on an event loop, is given up as
 * soon as this thread is about to sleep in that executor.
 */
export class Answers {
  readonly #post: (answer: AnswerRequest, transferList?: readonly Transferable[]) => void
  readonly #unanswered = new Set<Unanswered>()
  #running = 0

  constructor(post: (answer: AnswerRequest, transferList?: readonly Transferable[]) => void) {
    this.#post = post
  }

  /** A callback is running in this thread, on top of all else. */
  get isRunning(): boolean {
    return this.#running > 0
  }

  /** @param callback - what was called: users' code */
  give(asker: Asker, call: number, callback: () => unknown): void {
    const unanswered: Unanswered = { asker, call }
    this.#unanswered.add(unanswered)
    this.#running++
    let value: unknown
    let promise: Promise<unknown> | undefined
    try {
      value = callback()
      if (isThenable(value)) promise = Promise.resolve(value)
    } catch (error) {
      this.#fail(unanswered, error)
      return
    } finally {
      this.#running--
    }
    if (promise === undefined) this.#answer(unanswered, Outcome.Fulfilled, value)
    else
      promise.then(
        result => this.#answer(unanswered, Outcome.Fulfilled, result),
        (error: unknown) => this.#fail(unanswered, error),
      )
  }

  /** This thread is about to sleep, or to end: no promise will settle, and no callback return. */
  refuseUnanswered(): void {
    if (this.#unanswered.size === 0) return
    for (const unanswered of this.#unanswered) {
      const { label } = unanswered.asker
      this.#fail(
        unanswered,
        new DeadlockError(
          `a callback given to ${label} has no answer, and its thread waits for that executor: neither can go on`,
        ),
      )
    }
  }

  #fail(unanswered: Unanswered, error: unknown): void {
    if (isError(error)) this.#answer(unanswered, Outcome.Failed, encodeError(error))
    else this.#answer(unanswered, Outcome.Threw, error)
  }

  /** Once for each call: what a promise says after it was given up is nobody's. */
  #answer(unanswered: Unanswered, outcome: Outcome, value: unknown): void {
    if (!this.#unanswered.delete(unanswered)) return
    const { asker, call } = unanswered
    try {
      this.#post([Request.Answer, asker.id, call, outcome, value], transferListOf(value))
    } catch (error) {
      const whose = `the result of a callback given to ${asker.label}`
      const failure = isRefusal(error)
        ? notCloneable('result', value, error, whose, transferListOf(value))
        : toError(error, whose)
      this.#post([Request.Answer, asker.id, call, Outcome.Failed, encodeError(failure)])
    }
  }
}
