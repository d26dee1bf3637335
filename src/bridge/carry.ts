import { types } from 'node:util'
import { type CarriedValue, carriers } from '../channel/carriers.js'
import type { Task } from './task.js'

/** An array or a plain object, and where it stands, from the inside out: written out only for what is carried. */
interface Place {
  readonly value: object
  readonly key: string
  readonly outer: Place | undefined
}

/**
 * Where in the arguments of a task, in whatever depth of arrays and plain objects, something is to be carried. Only
 * looks: what is sent is what the caller gave, so that all else crosses as structured clone carries it. Getters run
 * only once, when they are written; so what they return is not found.
 */
export function findCarried(task: Task): CarriedValue[] {
  const carried: CarriedValue[] = []
  const seen = new Set<object>()
  const places: Place[] = []
  const enter = (place: Place) => {
    if (seen.has(place.value)) return
    seen.add(place.value)
    places.push(place)
  }
  enter({ value: task.args ?? [], key: '', outer: undefined })
  for (const outer of places)
    for (const [key, value] of objectsIn(outer.value)) {
      const carrier = carriers.find(one => one.is(value))
      const place = { value, key, outer }
      if (carrier === undefined) enter(place)
      else {
        carrier.prepare?.(value, task)
        carried.push({ kind: carrier.kind, path: pathOf(place) })
      }
    }
  return carried
}

/** What an array or a plain object contains that may be carried or contain it. Nothing else is looked into. */
function objectsIn(container: object): [key: string, value: object][] {
  const isList = Array.isArray(container)
  // By its values first: to name each element of a long list of numbers would take longer than to send it.
  if (isList ? !Object.values(container).some(isObject) : !isPlainObject(container)) return []
  const found: [string, object][] = []
  for (const key of Object.keys(container)) {
    const value: unknown = Object.getOwnPropertyDescriptor(container, key)?.value
    // Structured clone refuses a proxy, and to look at one runs code.
    if (isObject(value) && !types.isProxy(value)) found.push([key, value])
  }
  return found
}

function pathOf(place: Place): string[] {
  const path: string[] = []
  for (let at = place; at.outer !== undefined; at = at.outer) path.unshift(at.key)
  return path
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
