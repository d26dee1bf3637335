import { Request } from '../channel/records.js'
import { streamDeadlock } from './deadlock.js'
import type { Dispatcher } from './dispatcher.js'
import { cutShortError } from './stream.js'
import { type Task, TaskState } from './task.js'

/** The streams of one executor that have not ended. */
export class OpenStreams {
  readonly #dispatcher: Dispatcher
  readonly #tasks = new Set<Task>()

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  add(task: Task): void {
    this.#tasks.add(task)
    task.observe(() => this.#tasks.delete(task))
  }

  /** So many items have been read. */
  grant(task: Task, items: number): void {
    if (task.state === TaskState.Pending) this.#dispatcher.link?.post([Request.Credit, task.id, items])
  }

  /** Nobody will read on: the generator is to end, and waits for no reader. */
  end(task: Task): void {
    this.#tasks.delete(task)
    if (task.stream !== undefined) task.stream.isEnded = true
    this.#dispatcher.link?.post([Request.EndStream, task.id])
  }

  /** Their reader is the thread that waits now for everything to end. */
  endAll(): void {
    for (const task of [...this.#tasks]) {
      if (task.stream !== undefined) task.stream.cutShort ??= cutShortError(task)
      this.end(task)
    }
  }

  /**
   * @throws {DeadlockError} if streams that wait for this thread to read on hold all slots, or are all that is left,
   * and this thread is about to sleep
   */
  refuseDeadlock(): void {
    if (this.#tasks.size === 0) return
    const { name, options, ledger } = this.#dispatcher
    let starved = 0
    for (const { stream } of this.#tasks) if (stream?.isStarved) starved++
    if (starved > 0 && (starved >= options.size || starved === ledger.pending.size))
      throw streamDeadlock(name, starved, options.size)
  }
}
