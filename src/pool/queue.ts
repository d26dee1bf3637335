/** A place in the queue; the task carries the links itself, so that queueing allocates nothing. */
export interface Queued {
  /** Unique among those that may be in the queue at once. */
  readonly key: number
  readonly priority: number
  previous: Queued | undefined
  next: Queued | undefined
}

/** Tasks of one priority, first in, first out. */
interface Lane<T> {
  readonly priority: number
  first: T | undefined
  last: T | undefined
}

/** Higher priority first, equal priority in order of arrival; any task can leave at any time. */
export class TaskQueue<T extends Queued> {
  /** Highest priority first; lanes that have run dry leave, except the one that nearly all tasks use. */
  readonly #lanes: Lane<T>[] = [{ priority: 0, first: undefined, last: undefined }]
  #length = 0
  /** Only from the first search on, until the queue runs dry: nearly all tasks are never searched for. */
  #byKey: Map<number, T> | undefined

  get length(): number {
    return this.#length
  }

  push(task: T): void {
    const lane = this.#laneOf(task.priority)
    task.previous = lane.last
    if (lane.last === undefined) lane.first = task
    else lane.last.next = task
    lane.last = task
    this.#length++
    this.#byKey?.set(task.key, task)
  }

  shift(): T | undefined {
    for (const lane of this.#lanes) {
      if (lane.first === undefined) continue
      const task = lane.first
      this.#unlink(lane, task)
      return task
    }
    return undefined
  }

  find(key: number): T | undefined {
    if (this.#byKey === undefined) this.#byKey = new Map([...this.tasks()].map(task => [task.key, task]))
    return this.#byKey.get(key)
  }

  /** The task must be in the queue. */
  remove(task: T): void {
    this.#unlink(this.#laneOf(task.priority), task)
  }

  #unlink(lane: Lane<T>, task: T): void {
    const previous = task.previous as T | undefined
    const next = task.next as T | undefined
    if (previous === undefined) lane.first = next
    else previous.next = next
    if (next === undefined) lane.last = previous
    else next.previous = previous
    task.previous = undefined
    task.next = undefined
    this.#length--
    if (this.#length === 0) this.#byKey = undefined
    else this.#byKey?.delete(task.key)
    if (lane.first === undefined && lane.priority !== 0) this.#lanes.splice(this.#lanes.indexOf(lane), 1)
  }

  *tasks(): Generator<T, void, undefined> {
    for (const lane of this.#lanes)
      for (let task = lane.first; task !== undefined; task = task.next as T | undefined) yield task
  }

  #laneOf(priority: number): Lane<T> {
    const [highest] = this.#lanes
    if (highest?.priority === priority) return highest
    const index = this.#lanes.findIndex(lane => lane.priority <= priority)
    const found = this.#lanes[index]
    if (found?.priority === priority) return found
    const lane: Lane<T> = { priority, first: undefined, last: undefined }
    this.#lanes.splice(index === -1 ? this.#lanes.length : index, 0, lane)
    return lane
  }
}
