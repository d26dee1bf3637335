/* Checks of options objects, and of the values that executors and pools have in common. */
import { checkObject, invalidType, outOfRange } from './validate.js'

/** @param what - what messages call the value: `options.size` */
export type Check = (what: string, value: unknown) => void

export const mostRunning = 2 ** 20
export const mostQueued = 2 ** 30 - 1

/**
 * Options that nobody knows are refused: most likely one was misspelt.
 *
 * @returns a copy. Each option is read once, so that what is used is what was checked, whatever a getter gives next
 */
export function checkOptions<T extends object>(options: T, checks: Readonly<Record<string, Check>>): T {
  checkObject('options', options)
  const checked: Record<string, unknown> = {}
  for (const key of keysOf(options, checks)) {
    const value = (options as Record<string, unknown>)[key]
    if (value === undefined) continue
    if (!Object.hasOwn(checks, key))
      throw invalidType(
        `options.${key}`,
        `left out: the options are ${Object.keys(checks).join(', ')}`,
        value,
      )
    checks[key]?.(`options.${key}`, value)
    checked[key] = value
  }
  return checked as T
}

/** Of an instance of a class, or an object with defaults for its prototype, what it inherits counts, too. */
function keysOf(options: object, checks: object): Iterable<string> {
  const prototype = Object.getPrototypeOf(options)
  if (prototype === Object.prototype || prototype === null) return Object.keys(options)
  const keys = new Set(Object.keys(options))
  for (const key in options) if (!(key in Object.prototype)) keys.add(key)
  for (const key of Object.keys(checks)) if (key in options) keys.add(key) // getters of a class are not enumerable
  return keys
}

export function checkBoolean(what: string, value: unknown): void {
  if (typeof value !== 'boolean') throw invalidType(what, 'a boolean', value)
}

export function checkOneOf(what: string, value: unknown, allowed: readonly string[]): void {
  if (!allowed.includes(value as string))
    throw invalidType(what, `one of ${allowed.map(one => `'${one}'`).join(', ')}`, value)
}

export function checkName(what: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw invalidType(what, 'a string that is not empty', value)
}

export function checkFinite(what: string, value: unknown): void {
  if (typeof value !== 'number') throw invalidType(what, 'a finite number', value)
  if (!Number.isFinite(value)) throw outOfRange(what, 'a finite number', value)
}

export function checkOnError(what: string, value: unknown): void {
  if (typeof value !== 'function') checkOneOf(what, value, ['report', 'ignore'])
}
