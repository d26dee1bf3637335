import { Access } from './remote-records.js'

/** Names that lead away from an object, to what all of its kind share. */
export const refusedNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

/** Does to an object what the other thread asked for. Throws, or rejects, with what the object itself throws. */
export function useObject(
  object: unknown,
  access: Access,
  path: readonly string[],
  args: readonly unknown[],
): unknown {
  const name = path.at(-1)
  if (access === Access.Get) return walk(object, path)
  if (access === Access.Construct) return Reflect.construct(functionAt(path, walk(object, path)), args)
  if (name === undefined) return Reflect.apply(functionAt(path, object), undefined, args)
  if (access === Access.Set) return assign(walkOwn(object, path.slice(0, -1)), name, args[0])
  const owner = walk(object, path.slice(0, -1))
  return Reflect.apply(functionAt(path, memberOf(owner, name)), owner, args)
}

function walk(object: unknown, path: readonly string[]): unknown {
  return path.reduce(memberOf, object)
}

/** To what something is to be set on. A function that is inherited, as `toString` is, belongs to all that inherit it. */
function walkOwn(object: unknown, path: readonly string[]): unknown {
  return path.reduce((owner, name) => {
    const value = memberOf(owner, name)
    if (typeof value === 'function' && !Object.hasOwn(Object(owner), name))
      throw new TypeError(`nothing can be set on '${name}' from another thread: it is inherited`)
    return value
  }, object)
}

/** Throws the engine's own TypeError where there is nothing to read from. */
function memberOf(owner: unknown, name: string): unknown {
  return refusedNames.has(name) ? undefined : (owner as Record<string, unknown>)[name]
}

function assign(owner: unknown, name: string, value: unknown): void {
  if (refusedNames.has(name)) throw new TypeError(`'${name}' cannot be set from another thread`)
  ;(owner as Record<string, unknown>)[name] = value
}

type AnyFunction = (...args: unknown[]) => unknown

function functionAt(path: readonly string[], value: unknown): AnyFunction {
  if (typeof value === 'function') return value as AnyFunction
  throw new TypeError(`${path.length === 0 ? 'the object' : path.join('.')} is not a function`)
}
