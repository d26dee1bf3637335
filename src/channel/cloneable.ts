import { NotCloneableError } from './errors.js'

/** True for the error with which structured clone refuses a value. */
export function isDataCloneError(error: unknown): error is DOMException {
  return error instanceof DOMException && error.name === 'DataCloneError'
}

/**
 * Says where in `value` the thing is that structured clone refused.
 *
 * @param root - how messages name `value` itself: `args`, `result`
 */
export function notCloneable(
  root: string,
  value: unknown,
  cause: DOMException,
  whose: string,
): NotCloneableError {
  const culprit = findCulprit(root, value, new Set())
  const what = culprit === undefined ? cause.message : `${culprit.path} is ${culprit.what}`
  return new NotCloneableError(`${what}, which cannot be carried between threads (${whose})`, { cause })
}

interface Culprit {
  path: string
  what: string
}

function findCulprit(path: string, value: unknown, seen: Set<object>): Culprit | undefined {
  if (typeof value === 'function')
    return { path, what: value.name ? `a function (${value.name})` : 'a function' }
  if (typeof value === 'symbol') return { path, what: `a symbol (${value.toString()})` }
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
  seen.add(value)
  for (const [childPath, child] of children(path, value)) {
    const culprit = findCulprit(childPath, child, seen)
    if (culprit !== undefined) return culprit
  }
  return isRefused(value) ? { path, what: nameOf(value) } : undefined
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
  } else if (!ArrayBuffer.isView(value)) {
    for (const key of Object.keys(value)) {
      const readable = Array.isArray(value)
        ? `[${key}]`
        : /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(key)
          ? `.${key}`
          : `[${JSON.stringify(key)}]`
      yield [path + readable, Reflect.get(value, key)]
    }
  }
}

function isRefused(value: object): boolean {
  try {
    structuredClone(value)
    return false
  } catch {
    return true
  }
}

function nameOf(value: object): string {
  const name: unknown = value.constructor?.name
  return typeof name === 'string' && name !== '' && name !== 'Object' ? `a ${name}` : 'an object'
}
