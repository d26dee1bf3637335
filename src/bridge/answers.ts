import { isRefusal, notCloneable } from '../channel/cloneable.js'
import { encodeError, isError } from '../channel/error-record.js'
import { DeadlockError } from '../channel/errors.js'
import { type AnswerRequest, type CalledResponse, Outcome, Request } from '../channel/records.js'
import type { Callback } from './callback.js'
import { toError } from './report.js'
import type { Task } from './task.js'

/** A call that has no answer yet. */
interface Unanswered {
  task: Task
  call: number
}

/**
 * Runs the callbacks that the tasks of one executor call, and sends back what they return or throw.
 *
 * A task that waits for an answer is waited for by the thread that is to give it. So that never both wait: a callback
 * cannot block in its executor, and the promise of an async one, which settles only on an event loop, is given up as
 * soon as this thread is about to sleep in that executor.
 */
export class Answers {
  readonly #post: (answer: AnswerRequest) => void
  readonly #unanswered = new Set<Unanswered>()
  #running = 0

  constructor(post: (answer: AnswerRequest) => void) {
    this.#post = post
  }

  /** A callback is running in this thread, on top of all else. */
  get isRunning(): boolean {
    return this.#running > 0
  }

  give(task: Task, [, , call, index, args]: CalledResponse): void {
    const callback = task.callbacks?.[index] as Callback
    const unanswered: Unanswered = { task, call }
    this.#unanswered.add(unanswered)
    this.#running++
    let value: unknown
    try {
      value = callback.call(...args)
    } catch (error) {
      this.#fail(unanswered, error)
      return
    } finally {
      this.#running--
    }
    if (isThenable(value))
      value.then(
        result => this.#answer(unanswered, Outcome.Fulfilled, result),
        (error: unknown) => this.#fail(unanswered, error),
      )
    else this.#answer(unanswered, Outcome.Fulfilled, value)
  }

  /** This thread is about to sleep, or to end: no promise will settle, and no callback return. */
  refuseUnanswered(): void {
    for (const unanswered of this.#unanswered) {
      const { label } = unanswered.task
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
    const { task, call } = unanswered
    try {
      this.#post([Request.Answer, task.id, call, outcome, value])
    } catch (error) {
      const whose = `the result of a callback given to ${task.fn.label}`
      const failure = isRefusal(error) ? notCloneable('result', value, error, whose) : toError(error, whose)
      this.#post([Request.Answer, task.id, call, Outcome.Failed, encodeError(failure)])
    }
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
