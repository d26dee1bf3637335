/* Checks of options objects, and of the values that executors and pools have in common. */
import { checkObject, invalidType, outOfRange } from './validate.js'

/** @param what - what messages call the value: `options.size` */
export type Check = (what: string, value: unknown) => void

export const mostRunning = 2 ** 20
export const mostQueued = 2 ** 30 - 1

/** Options that nobody knows are refused: most likely one was misspelt. */
export function checkOptions(options: object, checks: Record<string, Check>): void {
  checkObject('options', options)
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!Object.hasOwn(checks, key))
      throw invalidType(
        `options.${key}`,
        `left out: the options are ${Object.keys(checks).join(', ')}`,
        value,
      )
    checks[key]?.(`options.${key}`, value)
  }
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
