import { inspect } from 'node:util'

/*
 * Argument checks with Node's error classes and codes
 * (https://nodejs.org/api/errors.html#err_invalid_arg_type). They run before anything is accepted.
 */

/** @param what - the argument's name, as `fnName` or `options.timeout` */
export function invalidType(what: string, expected: string, value: unknown, cause?: unknown): TypeError {
  return withCode(
    new TypeError(messageOf(what, expected, value), cause === undefined ? undefined : { cause }),
    'ERR_INVALID_ARG_TYPE',
  )
}

/** For a value of the right type that still will not do. */
export function invalidValue(what: string, expected: string, value: unknown, cause?: unknown): TypeError {
  return withCode(
    new TypeError(messageOf(what, expected, value), cause === undefined ? undefined : { cause }),
    'ERR_INVALID_ARG_VALUE',
  )
}

export function outOfRange(what: string, expected: string, value: unknown): RangeError {
  return withCode(new RangeError(messageOf(what, expected, value)), 'ERR_OUT_OF_RANGE')
}

/** A task's function gave something that cannot be used in the way it was called. */
export function invalidReturn(expected: string, value: unknown): TypeError {
  const error = new TypeError(
    `Expected ${expected} to be returned from the function. Received ${show(value)}`,
  )
  return withCode(error, 'ERR_INVALID_RETURN_VALUE')
}

export function checkInteger(what: string, value: unknown, least: number, most: number): void {
  const expected = `an integer from ${least} to ${most}`
  if (typeof value !== 'number') throw invalidType(what, expected, value)
  if (!Number.isInteger(value) || value < least || value > most) throw outOfRange(what, expected, value)
}

export function checkMilliseconds(what: string, value: unknown): void {
  const expected = 'a number of milliseconds, 0 or more'
  if (typeof value !== 'number') throw invalidType(what, expected, value)
  if (!(value >= 0)) throw outOfRange(what, expected, value)
}

export function checkObject(what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidType(what, 'an object', value)
}

function messageOf(what: string, expected: string, value: unknown): string {
  return `The "${what}" argument must be ${expected}. Received ${show(value)}`
}

function show(value: unknown): string {
  return inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 100 })
}

function withCode<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code })
}
