/** What stands in a line carries the links itself, so that queueing allocates nothing. */
export interface Linked {
  previous: Linked | undefined
  next: Linked | undefined
}

/** First in, first out; anyone can leave at any time. */
export class Line<T extends Linked> {
  #first: T | undefined
  #last: T | undefined
  #length = 0

  get first(): T | undefined {
    return this.#first
  }

  get length(): number {
    return this.#length
  }

  push(one: T): void {
    one.previous = this.#last
    if (this.#last === undefined) this.#first = one
    else this.#last.next = one
    this.#last = one
    this.#length++
  }

  /** `one` must stand in this line. */
  remove(one: T): void {
    const previous = one.previous as T | undefined
    const next = one.next as T | undefined
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    one.previous = undefined
    one.next = undefined
    this.#length--
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let one = this.#first; one !== undefined; one = one.next as T | undefined) yield one
  }
}

export interface Queued extends Linked {
  /** Unique among those that may be in the queue at once. */
  readonly key: number
  readonly priority: number
}

/** Tasks of one priority. */
class Lane<T extends Queued> extends Line<T> {
  constructor(readonly priority: number) {
    super()
  }
}

/** Higher priority first, equal priority in order of arrival; any task can leave at any time. */
export class TaskQueue<T extends Queued> {
  /** Highest priority first; lanes that have run dry leave, except the one that nearly all tasks use. */
  readonly #lanes: Lane<T>[] = [new Lane<T>(0)]
  #length = 0
  /** Only from the first search on, until the queue runs dry: nearly all tasks are never searched for. */
  #byKey: Map<number, T> | undefined

  get length(): number {
    return this.#length
  }

  push(task: T): void {
    this.#laneOf(task.priority).push(task)
    this.#length++
    this.#byKey?.set(task.key, task)
  }

  shift(): T | undefined {
    for (const lane of this.#lanes) {
      const task = lane.first
      if (task === undefined) continue
      this.#unlink(lane, task)
      return task
    }
    return undefined
  }

  find(key: number): T | undefined {
    if (this.#byKey === undefined) this.#byKey = new Map([...this].map(task => [task.key, task]))
    return this.#byKey.get(key)
  }

  /** The task must be in the queue. */
  remove(task: T): void {
    this.#unlink(this.#laneOf(task.priority), task)
  }

  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (const lane of this.#lanes) yield* lane
  }

  #unlink(lane: Lane<T>, task: T): void {
    lane.remove(task)
    this.#length--
    if (this.#length === 0) this.#byKey = undefined
    else this.#byKey?.delete(task.key)
    if (lane.length === 0 && lane.priority !== 0) this.#lanes.splice(this.#lanes.indexOf(lane), 1)
  }

  #laneOf(priority: number): Lane<T> {
    const [highest] = this.#lanes
    if (highest?.priority === priority) return highest
    const index = this.#lanes.findIndex(lane => lane.priority <= priority)
    const found = this.#lanes[index]
    if (found?.priority === priority) return found
    const lane = new Lane<T>(priority)
    this.#lanes.splice(index === -1 ? this.#lanes.length : index, 0, lane)
    return lane
  }
}
