import { show } from '../channel/show.js'
import { callSoon } from './callbacks.js'
import { isolated, print, toError } from './report.js'

/** What is known of a task whose failure is handed to `onError`. */
export interface TaskInfo {
  id: number
  /** The function, as `tasks.js#fetchPage`. */
  name: string
  /** The executor's name. */
  executor: string
}

export type ErrorHandler = (error: Error, task: TaskInfo) => void

/** A task whose failure may go unread: of an executor, or of a pool. */
export interface FailedTask {
  readonly value: unknown
  readonly info: TaskInfo
  /** Set while its failure counts as unread. */
  onRead: (() => void) | undefined
}

/** A failure that nobody has read yet. Does not hold the task: whether that is still reachable is the question. */
export interface Failure {
  error: unknown
  info: TaskInfo
  handler: ErrorHandler | undefined
}

/** So many failures are kept to be reported with their own stacks; of more, only the first of each kind is. */
const mostKept = 1000
/** So many kinds of failures are told apart. */
const mostKinds = 1000

/** Failures of one kind, by function and message, beyond those that are kept. */
interface Kind {
  first: Failure
  unread: number
}

/**
 * Failures that nobody has read are reported once: when their future is garbage (which only an event loop gets to
 * know), or at exit. Memory stays flat however many there are, and what is read later is not reported.
 */
export class UnreadFailures {
  /** What messages call the owner of the tasks. */
  readonly #owner: 'executor' | 'pool'
  readonly #kept = new Set<Failure>()
  readonly #kinds = new Map<string, Kind>()
  /** Nothing is reported later any more. */
  #isOver = false
  readonly #collected = new FinalizationRegistry<Failure>(failure => this.#report(failure))

  constructor(owner: 'executor' | 'pool') {
    this.#owner = owner
  }

  add(task: FailedTask, onError: 'report' | 'ignore' | ErrorHandler): void {
    if (onError === 'ignore') return
    const handler = onError === 'report' ? undefined : onError
    const failure: Failure = { error: task.value, info: task.info, handler }
    if (this.#isOver) {
      this.#tell(failure)
      return
    }
    if (this.#kept.size < mostKept) this.#keep(task, failure)
    else if (handler === undefined) this.#count(task, failure)
    else callSoon('onError', () => handler(toError(failure.error, failure.info.name), failure.info))
  }

  #keep(task: FailedTask, failure: Failure): void {
    this.#kept.add(failure)
    this.#collected.register(task, failure, failure)
    task.onRead = () => {
      this.#kept.delete(failure)
      this.#collected.unregister(failure)
    }
  }

  #count(task: FailedTask, failure: Failure): void {
    const key = `${failure.info.name} ${describe(failure.error)}`
    const isNew = !this.#kinds.has(key) && this.#kinds.size < mostKinds
    const kind = this.#kinds.get(isNew || this.#kinds.has(key) ? key : otherKinds) ?? {
      first: failure,
      unread: 0,
    }
    this.#kinds.set(isNew || this.#kinds.has(key) ? key : otherKinds, kind)
    kind.unread++
    task.onRead = () => {
      kind.unread--
    }
  }

  /** At exit: nobody will read anything any more. */
  reportAll(): void {
    this.#isOver = true
    for (const failure of this.#kept) this.#report(failure)
    for (const { first, unread } of this.#kinds.values()) {
      if (unread === 0) continue
      const others = unread > 1 ? `, and ${unread - 1} more like it` : ''
      this.#print(first, others)
    }
    this.#kinds.clear()
  }

  #report(failure: Failure): void {
    if (!this.#kept.delete(failure)) return
    this.#collected.unregister(failure)
    this.#tell(failure)
  }

  #tell(failure: Failure): void {
    const { error, info, handler } = failure
    if (handler !== undefined) isolated('onError', () => handler(toError(error, info.name), info))
    else this.#print(failure, '')
  }

  #print({ error, info }: Failure, others: string): void {
    const task = `task ${info.id} of ${this.#owner} '${info.executor}'`
    print(`${task} failed and nobody read its error (${info.name})${others}\n${show(error)}`)
  }
}

const otherKinds = ''

function describe(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : typeof error
  } catch {
    return 'error' // its name or its message is no text
  }
}

export const unreadFailures = new UnreadFailures('executor')
