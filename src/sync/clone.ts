import { types } from 'node:util'
import { Deserializer, Serializer } from 'node:v8'
import { MessagePort } from 'node:worker_threads'
import { isRefusal, notCloneable, unreadable } from '../channel/cloneable.js'

/*
 * Structured clone as bytes. The serializer knows what JavaScript itself has. It does not know the marks by which
 * `structuredClone` tells objects of Node's classes: without these a URL, which is refused, or a Blob, which is carried,
 * would silently become {}. So what may contain such objects is cloned first, which refuses what is to be refused; and
 * what then is no plain data cannot be carried as bytes.
 */

/** With the refusals of structured clone: nothing that is shared or transferred. */
class Cloner extends Serializer {
  _getDataCloneError(message: string): DOMException {
    return dataCloneError(message)
  }

  _writeHostObject(object: object): never {
    throw dataCloneError(`a ${object.constructor?.name} could not be cloned.`)
  }

  _getSharedArrayBufferId(): never {
    throw dataCloneError('a SharedArrayBuffer could not be cloned.')
  }
}

/** @throws {NotCloneableError} with the place of what cannot be carried; and what getters throw */
export function toBytes(item: unknown): Uint8Array {
  let data = item
  try {
    if (mayHoldOthers(item)) {
      data = structuredClone(item)
      if (!isPlain(data)) throw dataCloneError('an object of its class cannot be copied into shared memory.')
    }
    return serialize(data)
  } catch (error) {
    if (!isRefusal(error)) throw error
    const isClone = data !== item
    throw notCloneable('item', data, error, 'an item of a queue', [], isClone ? isNotJavaScript : undefined)
  }
}

function serialize(value: unknown): Uint8Array {
  const cloner = new Cloner()
  cloner.writeHeader()
  cloner.writeValue(value)
  return cloner.releaseBuffer()
}

/** @throws {NotCloneableError} if it is nested too deep for this thread's stack */
export function fromBytes(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes)
  deserializer.readHeader()
  try {
    return deserializer.readValue()
  } catch (error) {
    throw unreadable('an item of a queue', error instanceof Error ? error.message : String(error))
  }
}

/**
 * Whether there may be objects in it that are not JavaScript's own. Runs no code of the user's: what is behind a getter
 * may be anything.
 */
function mayHoldOthers(item: unknown): boolean {
  if (!isObject(item)) return false
  let isUnclear = false
  const seen = new Set([item])
  for (const object of seen) {
    if (types.isProxy(object)) return true
    // The serializer refuses it. To clone one that is closed ends the process with a segmentation fault (Node 20 to 26).
    if (object instanceof MessagePort) return false
    isUnclear ||= isNotJavaScript(object)
    for (const child of childrenOf(object, () => (isUnclear = true))) if (isObject(child)) seen.add(child)
  }
  return isUnclear
}

/** Of a clone, which has no getters. */
function isPlain(clone: unknown): boolean {
  const seen = new Set(isObject(clone) ? [clone] : [])
  for (const object of seen) {
    if (isNotJavaScript(object)) return false
    for (const child of childrenOf(object)) if (isObject(child)) seen.add(child)
  }
  return true
}

/** Not by the prototypes of this realm: test runners have realms of their own. */
function isNotJavaScript(object: object): boolean {
  if (types.isNativeError(object)) return object instanceof DOMException
  return !(isPlainObject(object) || Array.isArray(object) || isCollection(object) || isLeaf(object))
}

function isPlainObject(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function isCollection(object: object): boolean {
  return types.isMap(object) || types.isSet(object)
}

/** Whatever properties it has are not cloned. */
function isLeaf(object: object): boolean {
  return (
    types.isArrayBufferView(object) ||
    types.isAnyArrayBuffer(object) ||
    types.isDate(object) ||
    types.isRegExp(object) ||
    types.isBoxedPrimitive(object)
  )
}

/** @param onGetter - called instead of a getter */
function childrenOf(object: object, onGetter?: () => void): Iterable<unknown> {
  if (Array.isArray(object)) return Object.values(object)
  if (types.isMap(object)) return [...Map.prototype.keys.call(object), ...Map.prototype.values.call(object)]
  if (types.isSet(object)) return Set.prototype.values.call(object)
  if (isLeaf(object)) return []
  const keys = types.isNativeError(object) ? ['cause'] : Object.keys(object)
  return keys.map(key => {
    const property = Object.getOwnPropertyDescriptor(object, key)
    if (property?.get !== undefined) onGetter?.()
    return property?.value
  })
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function dataCloneError(message: string): DOMException {
  return new DOMException(message, 'DataCloneError')
}
