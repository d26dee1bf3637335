import { inspect } from 'node:util'
import { writeToDescriptor } from '../channel/descriptor.js'
import type { Task } from './task.js'

/** What is known of a task whose failure is handed to `onError`. */
export interface TaskInfo {
  id: number
  /** The function, as `tasks.js#fetchPage`. */
  name: string
  /** The executor's name. */
  executor: string
}

export type ErrorHandler = (error: Error, task: TaskInfo) => void

/** A failure that nobody has read yet. Does not hold the task: whether that is still reachable is the question. */
export interface Failure {
  error: unknown
  info: TaskInfo
  handler: ErrorHandler | undefined
}

/** So many failures may wait to be read; beyond that the oldest is reported at once, so that memory stays flat. */
const mostWaiting = 1000
/** So many different failures are reported with their stacks; more of the same are counted. */
const mostRemembered = 1000

/**
 * Failures that nobody has read are reported once: when their future is garbage (which only an event loop gets
 * to know), when too many have gathered, or at exit.
 */
class UnreadFailures {
  readonly #waiting = new Set<Failure>()
  readonly #collected = new FinalizationRegistry<Failure>(failure => this.#giveUp(failure))
  readonly #repeats = new Map<string, number>()

  add(task: Task): void {
    const { onError } = task.dispatcher.options
    if (onError === 'ignore') return
    const failure: Failure = {
      error: task.value,
      info: task.info,
      handler: onError === 'report' ? undefined : onError,
    }
    task.failure = failure
    this.#waiting.add(failure)
    this.#collected.register(task, failure, failure)
    if (this.#waiting.size > mostWaiting) {
      const [oldest] = this.#waiting
      this.#giveUp(oldest as Failure)
    }
  }

  delete(task: Task): void {
    const failure = task.failure as Failure
    task.failure = undefined
    this.#waiting.delete(failure)
    this.#collected.unregister(failure)
  }

  /** At exit: nobody will read anything any more. */
  reportAll(): void {
    for (const failure of this.#waiting) this.#giveUp(failure)
    for (const [signature, count] of this.#repeats)
      if (count > 0) print(`${count} more unread ${count === 1 ? 'failure' : 'failures'} of ${signature}`)
    this.#repeats.clear()
  }

  #giveUp(failure: Failure): void {
    if (!this.#waiting.delete(failure)) return
    this.#collected.unregister(failure)
    const { error, info, handler } = failure
    if (handler === undefined) this.#report(error, info)
    else isolated('onError', () => handler(toError(error, info.name), info))
  }

  #report(error: unknown, info: TaskInfo): void {
    const signature = `${info.name}: ${inspect(error).split('\n', 1)[0]}`
    const repeats = this.#repeats.get(signature)
    if (repeats !== undefined) {
      this.#repeats.set(signature, repeats + 1)
      return
    }
    if (this.#repeats.size < mostRemembered) this.#repeats.set(signature, 0)
    print(
      `task ${info.id} of executor '${info.executor}' failed and nobody read its error (${info.name})\n${inspect(error)}`,
    )
  }
}

export const unreadFailures = new UnreadFailures()

/** Tasks may throw anything; whoever wants an Error gets one that holds it. */
export function toError(thrown: unknown, name: string): Error {
  if (thrown instanceof Error) return thrown
  return new Error(`${name} threw ${inspect(thrown)}, which is not an error`, { cause: thrown })
}

/** Runs a user's callback so that its error reaches stderr and not those who are not to blame for it. */
export function isolated(what: string, callback: () => void): void {
  try {
    callback()
  } catch (error) {
    print(`a callback given to ${what} threw\n${inspect(error)}`)
  }
}

/** To the descriptor and not to the stream: this must work in an exit hook of any thread. */
export function print(message: string): void {
  writeToDescriptor(2, Buffer.from(`async-pool-executor: ${message}\n`))
}
