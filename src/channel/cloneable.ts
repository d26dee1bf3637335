import { types } from 'node:util'
import { MessagePort } from 'node:worker_threads'
import { isError } from './error-record.js'
import { NotCloneableError } from './errors.js'
import { functionName } from './function-name.js'
import { originOf } from './remote-proxy.js'
import { show } from './show.js'
import { transferListOf } from './transfer.js'

/** True for the errors with which structured clone itself refuses a value, as opposed to one that a getter threw. */
export function isRefusal(error: unknown): error is Error {
  if (error instanceof DOMException) return error.name === 'DataCloneError'
  if (!types.isNativeError(error)) return false
  if (isTooDeep(error)) return true
  // A MessagePort that is not in the transfer list, and a proxy that has been revoked.
  return (
    (error as NodeJS.ErrnoException).code === 'ERR_MISSING_TRANSFERABLE_IN_TRANSFER_LIST' ||
    (error instanceof TypeError && /\brevoked\b/.test(error.message))
  )
}

/** Structured clone goes down recursively: what is nested deep takes more stack than there is. */
function isTooDeep(error: Error): boolean {
  return error instanceof RangeError && /call stack/.test(error.message)
}

/**
 * The other thread could not read what this one has sent.
 *
 * @param whose - what it was: `the result of tasks.js#fetchPage`
 * @param reason - the message of the error
 */
export function unreadable(whose: string, reason: string): NotCloneableError {
  const tooDeep = /call stack/.test(reason) ? ': it is nested too deep' : ''
  return new NotCloneableError(`${whose} cannot be read in the other thread${tooDeep} (${reason})`)
}

/** True if what was to be transferred is refused, and not the value. Node 20 has a code for it, later ones only words. */
export function isTransferRefusal(error: unknown): boolean {
  if (error instanceof DOMException)
    return /^Found invalid value in transferList|^Transfer list contains/.test(error.message)
  return (error as NodeJS.ErrnoException)?.code === 'ERR_INVALID_TRANSFER_OBJECT'
}

/** What is sent in the place of a value; messages are about the value. */
const contents = new WeakMap<object, unknown>()

/** @returns `record` itself, which is sent because `content` alone would not say how to read it */
export function recordOf<T extends object>(content: unknown, record: T): T {
  contents.set(record, content)
  return record
}

function contentOf(value: unknown): unknown {
  const isRecord = typeof value === 'object' && value !== null && contents.has(value)
  return isRecord ? contents.get(value) : value
}

/**
 * Says where in `value` the thing is that structured clone refused.
 *
 * @param root - how messages name `value` itself: `args`, `result`
 * @param transferList - what goes along with the value: none of that was refused
 * @param isRefused - whether an object, whose contents are not, is the one
 */
export function notCloneable(
  root: string,
  value: unknown,
  cause: Error,
  whose: string,
  transferList: readonly unknown[] = [],
  isRefused = isRefusedByClone,
): NotCloneableError {
  const culprit = isTooDeep(cause)
    ? { path: root, what: 'nested too deep' }
    : search(root, contentOf(value), {
        isRefused,
        seen: new Set(transferList),
        moves: transferList.length > 0,
      })
  const what = culprit === undefined ? cause.message.replace(/\.$/, '') : `${culprit.path} is ${culprit.what}`
  return new NotCloneableError(`${what}, which cannot be carried between threads (${whose})`, { cause })
}

/**
 * Why a result could not be posted: not cloneable, or one of its getters threw.
 *
 * @param name - what messages call the function
 * @param moved - what went along with the value
 */
export function refusal(
  error: unknown,
  value: unknown,
  name: string,
  moved: readonly unknown[] = transferListOf(value) ?? [],
): Error {
  const whose = `the result of ${name}${hintFor(value)}`
  if (isRefusal(error)) return notCloneable('result', value, error, whose, moved)
  if (isError(error)) return error
  return new Error(`a getter of the result of ${name} threw ${show(error)}`, { cause: error })
}

/**
 * Why progress could not be posted.
 *
 * @param name - what messages call the function
 */
export function progressRefusal(error: unknown, value: unknown, name: string): unknown {
  return isRefusal(error) ? notCloneable('value', value, error, `the progress of ${name}`) : error
}

function hintFor(value: unknown): string {
  return types.isGeneratorObject(value) ? '; stream() reads generators' : ''
}

interface Search {
  readonly isRefused: (object: object) => boolean
  /** What has been looked at, and what needs no look: it is transferred. */
  readonly seen: Set<unknown>
  /** Something is transferred: what may contain that cannot be tried out by itself. */
  readonly moves: boolean
}

function search(root: string, value: unknown, state: Search): Culprit | undefined {
  try {
    return findCulprit(root, value, state)
  } catch {
    return undefined // it does not let itself be looked at, or is too deep; the cause says what there is to say
  }
}

interface Culprit {
  path: string
  what: string
}

function findCulprit(path: string, value: unknown, state: Search): Culprit | undefined {
  const { isRefused, seen, moves } = state
  if (typeof value === 'function') return { path, what: describeFunction(value) }
  if (typeof value === 'symbol') return { path, what: `a symbol (${value.toString()})` }
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
  seen.add(value)
  let mayHoldMoved = false
  for (const [childPath, child] of children(path, value)) {
    const culprit = findCulprit(childPath, child, state)
    if (culprit !== undefined) return culprit
    mayHoldMoved ||= moves && typeof child === 'object' && child !== null
  }
  return !mayHoldMoved && isRefused(value) ? { path, what: nameOf(value) } : undefined
}

function describeFunction(fn: object): string {
  if (originOf(fn) !== undefined) return 'a proxy of remote()'
  const name = functionName(fn)
  return name === '' ? 'a function' : `a function (${name})`
}

function* children(path: string, value: object): Iterable<[path: string, child: unknown]> {
  if (value instanceof Map) {
    let index = 0
    for (const [key, item] of value) {
      yield [`${path} key ${index}`, key]
      yield [`${path}.get(${typeof key === 'string' ? JSON.stringify(key) : `key ${index}`})`, item]
      index++
    }
  } else if (value instanceof Set) {
    let index = 0
    for (const item of value) yield [`${path} item ${index++}`, item]
  } else if (types.isNativeError(value)) {
    // Of all that an error has, structured clone takes this and texts.
    if (Object.hasOwn(value, 'cause')) yield [`${path}.cause`, value.cause]
  } else if (!ArrayBuffer.isView(value)) {
    for (const key of Object.keys(value)) {
      const readable = Array.isArray(value)
        ? `[${key}]`
        : isIdentifier(key)
          ? `.${key}`
          : `[${JSON.stringify(key)}]`
      yield [path + readable, Reflect.get(value, key)]
    }
  }
}

function isIdentifier(key: string): boolean {
  // biome-ignore lint/complexity/useRegexLiterals: V8 looks up the classes of a literal when it reads the file, 0.5 ms
  return new RegExp('^[\\p{ID_Start}$_][\\p{ID_Continue}$]*$', 'u').test(key)
}

function isRefusedByClone(value: object): boolean {
  // To clone one that is closed, or has been transferred, ends the process with a segmentation fault (Node 20 to 26).
  if (value instanceof MessagePort) return true
  try {
    structuredClone(value)
    return false
  } catch {
    return true
  }
}

function nameOf(value: object): string {
  const name: unknown = value.constructor?.name
  if (typeof name !== 'string' || name === '' || name === 'Object') return 'an object'
  return /^[AEIO]/i.test(name) ? `an ${name}` : `a ${name}`
}
