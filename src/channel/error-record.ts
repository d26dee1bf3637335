import { types } from 'node:util'
import { MessagePort } from 'node:worker_threads'
import { executorErrors } from './errors.js'

/**
 * An error as it crosses the channel. Structured clone by itself drops an error's own properties (`code`
 * too), its class unless that is one of seven, and `AggregateError.errors`.
 */
export interface ErrorRecord {
  /** The nearest class of the prototype chain that exists in every thread. */
  type: string
  name: string
  message: string
  stack: string | undefined
  /** `cause`, `errors` and the like: own properties that are not enumerable. */
  hidden: [key: string, value: Carried][]
  properties: [key: string, value: Carried][]
}

/** A value inside an error: an error again, a list that may hold errors, or anything cloneable. */
type Carried = { error: ErrorRecord } | { list: Carried[] } | { value: unknown }

const builtInErrors = new Map<string, { prototype: Error }>(
  Object.entries({
    Error,
    TypeError,
    RangeError,
    SyntaxError,
    ReferenceError,
    EvalError,
    URIError,
    AggregateError,
  }),
)

/** Not of every runtime, nor with every option of Node; `WebAssembly` is not there with --jitless. */
const { SuppressedError, WebAssembly } = globalThis as {
  SuppressedError?: { prototype: Error }
  WebAssembly?: Record<string, { prototype: Error }>
}
if (SuppressedError !== undefined) builtInErrors.set('SuppressedError', SuppressedError)
for (const name of ['CompileError', 'LinkError', 'RuntimeError']) {
  const Class = WebAssembly?.[name]
  if (Class !== undefined) builtInErrors.set(`WebAssembly.${name}`, Class)
}

const typeOfPrototype = new Map<object, string>()
for (const [name, { prototype }] of [...builtInErrors, ...executorErrors])
  typeOfPrototype.set(prototype, name)

const describedByRecord = new Set(['name', 'message', 'stack'])
/** Setting these on an object would give it another prototype, not a property. */
const refused = new Set(['__proto__', 'constructor', 'prototype'])

/** False too for what does not let itself be looked at, such as a revoked proxy. */
export function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error
  } catch {
    return false
  }
}

/** What is further down, causes of causes say, is left out: records are cloned recursively. */
const deepest = 100
/** So is a property of an error with more objects inside one another: a third of what the main thread can read. */
const deepestValue = 500

/** What has been met. Errors, and lists that hold errors, may contain each other. */
interface Met {
  readonly errors: Map<Error, ErrorRecord>
  readonly lists: Map<unknown[], Carried>
  /** Their copies: two properties that are the same object are to be the same there. */
  readonly objects: Map<object, Carried | undefined>
}

/** Never throws, whatever the getters and proxies of an error do. */
export function encodeError(
  error: Error,
  met: Met = { errors: new Map(), lists: new Map(), objects: new Map() },
  depth = 0,
): ErrorRecord {
  const known = met.errors.get(error)
  if (known !== undefined) return known
  const record: ErrorRecord = {
    type: attempt(() => typeOf(error)) ?? 'Error',
    name: attempt(() => nameOf(error)) ?? 'Error',
    message: attempt(() => String(error.message)) ?? '(its message cannot be read)',
    stack: stackOf(error),
    hidden: [],
    properties: [],
  }
  met.errors.set(error, record) // before its cause: chains may be cyclic
  for (const key of attempt(() => Object.getOwnPropertyNames(error)) ?? []) {
    if (describedByRecord.has(key) || refused.has(key)) continue
    const carried = attempt(() => carry(Reflect.get(error, key), met, depth + 1))
    if (carried === undefined) continue
    const enumerable = Object.prototype.propertyIsEnumerable.call(error, key)
    ;(enumerable ? record.properties : record.hidden).push([key, carried])
  }
  const code = attempt(() => inheritedCode(error))
  if (code !== undefined && record.type !== 'DOMException') record.hidden.push(['code', { value: code }])
  return record
}

/** How many causes of causes are left where not even a record could be read. */
const fewCauses = 10

/**
 * What of an error can be read in any thread, however deep in calls that is, and takes little room: texts, numbers and
 * the like, and the same of the errors inside it.
 */
export function withoutObjects(record: ErrorRecord, met: Bare = new Map(), depth = 0): ErrorRecord {
  const known = met.get(record)
  if (known !== undefined) return known as ErrorRecord
  const bare: ErrorRecord = { ...record, hidden: [], properties: [] }
  met.set(record, bare)
  for (const kind of ['hidden', 'properties'] as const)
    for (const [key, carried] of record[kind]) {
      const left = bareOf(carried, met, depth + 1)
      if (left !== undefined) bare[kind].push([key, left])
    }
  return bare
}

/** Errors and lists, by what is left of them. */
type Bare = Map<ErrorRecord | Carried, ErrorRecord | Carried>

function bareOf(carried: Carried, met: Bare, depth: number): Carried | undefined {
  if ('value' in carried) return isObject(carried.value) ? undefined : carried
  if (depth > fewCauses) return undefined
  if ('error' in carried) return { error: withoutObjects(carried.error, met, depth) }
  const known = met.get(carried)
  if (known !== undefined) return known as Carried
  const bare = { list: [] as Carried[] }
  met.set(carried, bare)
  for (const item of carried.list) bare.list.push(bareOf(item, met, depth + 1) ?? { value: undefined })
  return bare
}

/** Undefined where looking throws: what cannot be read is left behind, never the whole error. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

export function decodeError(record: ErrorRecord, seen: Decoded = new Map()): Error {
  const known = seen.get(record)
  if (known !== undefined) return known as Error
  const error = construct(record)
  seen.set(record, error)
  setStack(error, record.stack ?? summaryOf(record)) // never its own, which would lead here
  if (error.name !== record.name) define(error, 'name', record.name, false)
  for (const [key, value] of record.hidden) define(error, key, uncarry(value, seen), false)
  for (const [key, value] of record.properties) define(error, key, uncarry(value, seen), true)
  return error
}

/**
 * Without a look at the stack that is there. V8 makes its text when it is first read, also to define another one over
 * it, and asks an `Error.prepareStackTrace` of the user's for it, which may throw.
 */
export function setStack(error: Error, stack: string): void {
  Reflect.deleteProperty(error, 'stack')
  Reflect.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true })
}

/** Undefined if it is no text, or if the user's `Error.prepareStackTrace` throws. */
export function stackOf(holder: { readonly stack?: unknown }): string | undefined {
  const stack = attempt(() => holder.stack)
  return typeof stack === 'string' ? stack : undefined
}

/** What a stack begins with, and all there is to it where it cannot be read. */
export function summaryOf({ name, message }: { name: string; message: string }): string {
  return message === '' ? name : `${name}: ${message}`
}

function typeOf(error: Error): string {
  for (const prototype of prototypesOf(error)) {
    const type = typeOfPrototype.get(prototype)
    if (type !== undefined) return type
    // Named first: Node loads the class at the first mention of the global, which takes a millisecond.
    if (classNameOf(prototype) === 'DOMException' && prototype === DOMException.prototype)
      return 'DOMException'
  }
  // Of another realm (vm), whose classes are others of the same names.
  for (const prototype of prototypesOf(error)) {
    const name = classNameOf(prototype)
    if (name !== undefined && builtInErrors.has(name)) return name
  }
  return 'Error'
}

function* prototypesOf(error: Error): Iterable<object> {
  for (
    let prototype = Object.getPrototypeOf(error);
    prototype !== null;
    prototype = Object.getPrototypeOf(prototype)
  )
    yield prototype
}

function classNameOf(prototype: object): string | undefined {
  const name: unknown = Object.hasOwn(prototype, 'constructor') ? prototype.constructor?.name : undefined
  return typeof name === 'string' ? name : undefined
}

/** Of a class that has it as a getter, say. Nothing else is looked for that way: `code` is what errors are told by. */
function inheritedCode(error: Error): string | number | undefined {
  if (Object.hasOwn(error, 'code')) return undefined
  const { code } = error as { code?: unknown }
  return typeof code === 'string' || typeof code === 'number' ? code : undefined
}

/** A subclass that never set its name is known by the name of its class. */
function nameOf(error: Error): string {
  const className: unknown = error.constructor?.name
  const owner = Object.hasOwn(error, 'name') ? undefined : ownerOf(error, 'name')
  const inherited =
    owner !== undefined && (typeOfPrototype.has(owner) || builtInErrors.has(classNameOf(owner) ?? ''))
  return inherited && typeof className === 'string' && className !== '' ? className : String(error.name)
}

function ownerOf(object: object, key: string): object | undefined {
  for (let owner = object; owner !== null; owner = Object.getPrototypeOf(owner))
    if (Object.hasOwn(owner, key)) return owner
  return undefined
}

/** Undefined for what is too deep down; throws for what cannot be cloned. */
function carry(value: unknown, met: Met, depth: number): Carried | undefined {
  if (isError(value)) return depth < deepest ? { error: encodeError(value, met, depth) } : undefined
  if (Array.isArray(value) && value.some(isError))
    return depth < deepest ? carryList(value, met, depth) : undefined
  if (!isObject(value)) return { value: structuredClone(value) }
  if (!met.objects.has(value)) met.objects.set(value, copy(value))
  return met.objects.get(value)
}

function copy(value: object): Carried | undefined {
  if (reachesPort(value)) return undefined
  const copied = structuredClone(value)
  return nestsDeep(copied) ? undefined : { value: copied }
}

function carryList(items: unknown[], met: Met, depth: number): Carried {
  const known = met.lists.get(items)
  if (known !== undefined) return known
  const carried = { list: [] as Carried[] }
  met.lists.set(items, carried)
  for (const item of items)
    carried.list.push(attempt(() => carry(item, met, depth + 1)) ?? { value: undefined })
  return carried
}

/** To clone a port that is closed, or has been moved, ends the process with a segmentation fault (Node 20 to 26). */
function reachesPort(value: unknown): boolean {
  const reached = new Set([value])
  for (const one of reached) {
    if (!isObject(one) || types.isProxy(one)) continue // proxies cannot be cloned either
    if (one instanceof MessagePort) return true
    for (const part of partsOf(one)) reached.add(part)
  }
  return false
}

/** Whether to read it could take more stack than the other thread has: the whole record would be lost by it. */
function nestsDeep(value: unknown): boolean {
  const reached = new Set<unknown>()
  const open: Iterator<unknown>[] = [[value].values()] // as structured clone goes: into the first part first, and into nothing twice
  for (let parts = open.at(-1); parts !== undefined; parts = open.at(-1)) {
    const { done, value: part } = parts.next()
    if (done) open.pop()
    else if (isObject(part) && !reached.has(part)) {
      if (open.length > deepestValue) return true
      reached.add(part)
      open.push(partsOf(part)[Symbol.iterator]())
    }
  }
  return false
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function partsOf(object: object): Iterable<unknown> {
  if (types.isMap(object)) return [...object].flat()
  if (types.isSet(object)) return object
  if (Array.isArray(object)) return Object.values(object)
  if (ArrayBuffer.isView(object)) return []
  return Object.values(Object.getOwnPropertyDescriptors(object)).map(property => property.value)
}

/** Errors and lists, by what they are made of. */
type Decoded = Map<ErrorRecord | Carried, unknown>

function uncarry(carried: Carried, seen: Decoded): unknown {
  if ('error' in carried) return decodeError(carried.error, seen)
  if ('value' in carried) return carried.value
  const known = seen.get(carried)
  if (known !== undefined) return known
  const list: unknown[] = []
  seen.set(carried, list)
  for (const item of carried.list) list.push(uncarry(item, seen))
  return list
}

/**
 * A real error object (`util.types.isNativeError`) of the right class, without running the constructor of the
 * class, whose parameters are its own affair.
 */
function construct({ type, name, message }: ErrorRecord): Error {
  if (type === 'DOMException') return new DOMException(message, name)
  const error = new Error(message)
  const { prototype } = builtInErrors.get(type) ?? executorErrors.get(type) ?? Error
  if (prototype !== Error.prototype) Object.setPrototypeOf(error, prototype)
  return error
}

/** By definition and never by assignment, so that no key can reach a setter or a prototype. */
function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true })
}
