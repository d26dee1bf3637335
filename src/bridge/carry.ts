import { type CarriedValue, carriers } from '../channel/carriers.js'
import type { Task } from './task.js'

interface Carry {
  args: readonly unknown[] | undefined
  carried?: CarriedValue[]
}

/**
 * The arguments of a task as they are sent. If there is something to carry in them, in whatever depth of arrays and
 * plain objects, a copy with its data in its place.
 */
export function carry(task: Task): Carry {
  const { args } = task
  if (carriers.length === 0 || args === undefined) return { args }
  const carried: CarriedValue[] = []
  const copy = new Copy(task, carried).of(args, []) as unknown[]
  return carried.length === 0 ? { args } : { args: copy, carried }
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

  of(value: unknown, path: (string | number)[]): unknown {
    if (typeof value !== 'object' || value === null) return value
    const carrier = carriers.find(one => one.is(value))
    if (carrier !== undefined) {
      this.#carried.push({ kind: carrier.kind, path: [...path] })
      return carrier.encode(value, this.#task)
    }
    return this.#copies.get(value) ?? this.#container(value, path)
  }

  #container(value: object, path: (string | number)[]): object {
    if (!Array.isArray(value) && !isPlainObject(value)) return value
    const copy: object = Array.isArray(value) ? new Array(value.length) : {}
    this.#copies.set(value, copy)
    for (const key of Object.keys(value)) {
      const item = this.of(Reflect.get(value, key), [...path, key])
      Object.defineProperty(copy, key, { value: item, configurable: true, enumerable: true, writable: true })
    }
    return copy
  }
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
