import { type CarriedValue, carriers } from '../channel/carriers.js'
import type { Task } from './task.js'

/**
 * The arguments of a task as they are sent once there are carriers: a copy, in whatever depth of arrays and plain
 * objects, with data in the place of what they carry. The copy is sent in any case, since getters run only once then.
 */
export function carry(task: Task): { args: readonly unknown[]; carried: readonly CarriedValue[] } {
  const carried: CarriedValue[] = []
  const args = new Copy(task, carried).of(task.args ?? [], undefined) as unknown[]
  return { args, carried }
}

/** Where a value stands, from the inside out: written out only for what is carried. */
interface Place {
  readonly key: string
  readonly outer: Place | undefined
}

function pathOf(place: Place | undefined): string[] {
  const path: string[] = []
  for (let at = place; at !== undefined; at = at.outer) path.unshift(at.key)
  return path
}

class Copy {
  readonly #task: Task
  readonly #carried: CarriedValue[]
  /** What is shared, or cyclic, is so in the copy. */
  readonly #copies = new Map<object, object>()

  constructor(task: Task, carried: CarriedValue[]) {
    this.#task = task
    this.#carried = carried
  }

  of(value: unknown, place: Place | undefined): unknown {
    if (typeof value !== 'object' || value === null) return value
    const carrier = carriers.find(one => one.is(value))
    if (carrier !== undefined) {
      this.#carried.push({ kind: carrier.kind, path: pathOf(place) })
      return carrier.encode(value, this.#task)
    }
    return this.#copies.get(value) ?? this.#container(value, place)
  }

  #container(value: object, place: Place | undefined): object {
    const isArray = Array.isArray(value)
    if (isArray ? !value.some(isObject) : !isPlainObject(value)) return value
    const copy: object = isArray ? new Array(value.length) : {}
    this.#copies.set(value, copy)
    for (const key of Object.keys(value)) {
      const item = this.of(Reflect.get(value, key), { key, outer: place })
      Object.defineProperty(copy, key, { value: item, configurable: true, enumerable: true, writable: true })
    }
    return copy
  }
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
