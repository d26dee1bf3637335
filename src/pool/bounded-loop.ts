import { type Queued, TaskQueue } from './queue.js'

/**
 * The book of every bounded loop: at most `size` tasks hold a slot, the rest waits by priority. It runs nothing by
 * itself, so that its user decides when tasks start and what comes with that; and it allocates nothing per task.
 */
export class BoundedLoop<T extends Queued> {
  readonly #queue = new TaskQueue<T>()
  /** Not more than `size`, except after `size` was lowered: then until enough tasks have ended. */
  #running = 0

  /** @param size - tasks that may hold a slot at once */
  constructor(public size: number) {}

  get running(): number {
    return this.#running
  }

  get queued(): number {
    return this.#queue.length
  }

  get canStart(): boolean {
    return this.#running < this.size && this.#queue.length > 0
  }

  enqueue(task: T): void {
    this.#queue.push(task)
  }

  /** Takes the best task from the queue, and a slot for it; undefined if none may start. */
  next(): T | undefined {
    if (this.#running >= this.size) return undefined
    const task = this.#queue.shift()
    if (task !== undefined) this.#running++
    return task
  }

  /** Gives back the slot of a task that `next` returned. */
  release(): void {
    this.#running--
  }

  /** A copy, best first. */
  queuedTasks(): T[] {
    return [...this.#queue]
  }

  findQueued(key: number): T | undefined {
    return this.#queue.find(key)
  }

  /** The task must be in the queue. */
  remove(task: T): void {
    this.#queue.remove(task)
  }
}
