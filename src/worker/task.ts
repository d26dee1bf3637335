import type { RunExtras } from '../channel/records.js'
import type { Queued } from '../pool/queue.js'
import type { CallbackCalls } from './callbacks.js'
import type { Caller } from './caller.js'
import { abortIn, type TaskContext } from './context.js'
import type { FunctionEntry } from './functions.js'
import { StreamPump } from './stream.js'

export interface TaskParts {
  id: number
  entry: FunctionEntry
  args: readonly unknown[]
  extras: RunExtras | undefined
  caller: Caller
  /** When it came into the queue, on the worker's clock. */
  arrived: number
}

/** A task as the worker sees it. */
export class Task implements Queued {
  previous: Queued | undefined = undefined
  next: Queued | undefined = undefined
  readonly id: number
  readonly key: number
  readonly priority: number
  readonly entry: FunctionEntry
  readonly args: readonly unknown[]
  readonly extras: RunExtras | undefined
  readonly caller: Caller
  readonly arrived: number
  /** Where its id stands in shared memory while it runs. */
  slot = 0
  /** Its outcome has been sent: it took too long, or its caller settled it. It keeps its slot until it ends. */
  isAnswered = false
  /** When it began to run, on the worker's clock. */
  started = 0
  timer: NodeJS.Timeout | undefined = undefined
  /** For tasks whose results are streamed. */
  readonly stream: StreamPump | undefined
  /** Calls of functions of its caller's, for tasks that were given some. */
  calls: CallbackCalls | undefined = undefined
  /** What its code runs in, where `currentTask()` is known. */
  context: TaskContext | undefined = undefined
  #controller: AbortController | undefined = undefined

  constructor({ id, entry, args, extras, caller, arrived }: TaskParts) {
    this.id = id
    this.key = caller.keyOf(id)
    this.entry = entry
    this.args = args
    this.extras = extras
    this.caller = caller
    this.arrived = arrived
    this.priority = extras?.priority ?? 0
    this.stream = extras?.credit === undefined ? undefined : new StreamPump(extras.credit)
  }

  get name(): string {
    return this.entry.label
  }

  get attempt(): number {
    return this.extras?.attempt ?? 1
  }

  /** Made at first use: most tasks never ask for it. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  /** It has its outcome, whatever it does from here on: it should come to its end. */
  end(reason: Error): void {
    this.isAnswered = true
    this.stream?.close()
    this.calls?.fail(reason)
    this.abort(reason)
  }

  abort(reason: Error): void {
    this.#controller ??= new AbortController()
    abortIn(this.context, this.#controller, reason)
  }
}
