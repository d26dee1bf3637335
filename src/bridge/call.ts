import type { FunctionName, FunctionNames, ModulePath, TaskFunction } from './function-names.js'
import { checkMapOptions, checkTaskOptions } from './option-checks.js'
import type { MapOptions, TaskOptions } from './options.js'
import { invalidType } from './validate.js'

/*
 * What `submit`, `map` and their kin are called with, in either form: (modulePath, fnName, input, options) or
 * (fn, input, options). Everything is checked here, before anything is accepted.
 */

/** The first argument of all of them. */
export type Target = ModulePath | TaskFunction

export interface TaskCall {
  fn: FunctionName
  args: readonly unknown[]
  options: TaskOptions | undefined
}

export interface MapCall {
  fn: FunctionName
  items: Iterable<unknown>
  options: MapOptions | undefined
}

/**
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
export function taskCall(
  functions: FunctionNames,
  target: Target,
  second: unknown,
  third: unknown,
  fourth: unknown,
): TaskCall {
  const isInline = typeof target === 'function'
  const given = isInline ? second : third
  const args: unknown = given === undefined ? [] : given
  const options = (isInline ? third : fourth) as TaskOptions | undefined
  if (!Array.isArray(args)) throw invalidType('args', 'an array', args)
  if (options !== undefined) checkTaskOptions(options)
  const fn = isInline ? functions.findInline(target) : functions.find(target, second as string)
  return { fn, args, options }
}

/**
 * @throws {TypeError} ERR_INVALID_ARG_TYPE, ERR_INVALID_ARG_VALUE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
export function mapCall(
  functions: FunctionNames,
  target: Target,
  second: unknown,
  third: unknown,
  fourth: unknown,
): MapCall {
  const isInline = typeof target === 'function'
  const items = (isInline ? second : third) as Iterable<unknown>
  const options = (isInline ? third : fourth) as MapOptions | undefined
  if (options !== undefined) checkMapOptions(options)
  const fn = isInline ? functions.findInline(target) : functions.find(target, second as string)
  if (typeof (items as Iterable<unknown> | undefined)?.[Symbol.iterator] !== 'function')
    throw invalidType('items', 'an iterable', items)
  return { fn, items, options }
}
