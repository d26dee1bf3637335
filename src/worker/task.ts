import type { RunExtras } from '../channel/records.js'
import type { Queued } from '../pool/queue.js'
import type { FunctionEntry } from './functions.js'

/** A task as the worker sees it. */
export class Task implements Queued {
  previous: Queued | undefined = undefined
  next: Queued | undefined = undefined
  readonly priority: number
  /** Where its id stands in shared memory while it runs. */
  slot = 0
  /** Its outcome has been sent: it took too long, or its caller settled it. It keeps its slot until it ends. */
  isAnswered = false
  /** When it began to run, on the worker's clock. */
  started = 0
  timer: NodeJS.Timeout | undefined = undefined
  #controller: AbortController | undefined = undefined

  constructor(
    readonly id: number,
    readonly entry: FunctionEntry,
    readonly args: readonly unknown[],
    readonly extras: RunExtras | undefined,
    /** When it came into the queue, on the worker's clock. */
    readonly arrived: number,
  ) {
    this.priority = extras?.priority ?? 0
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

  abort(reason: Error): void {
    this.#controller ??= new AbortController()
    this.#controller.abort(reason)
  }
}
