import { invalidType } from '../channel/validate.js'
import type { Call } from './dispatcher.js'
import type { FunctionName, FunctionNames, ModulePath, TaskFunction } from './function-names.js'
import { checkMapOptions, checkStreamOptions, checkTaskOptions } from './option-checks.js'
import type { MapOptions, StreamOptions, TaskOptions } from './options.js'

/*
 * What `submit`, `map` and their kin are called with, in either form: (modulePath, fnName, input, options), or
 * (fn, input, options). All of these throw TypeErrors and RangeErrors before anything is accepted.
 */

/** The first argument of all of them. */
export type Target = ModulePath | TaskFunction

export function taskCall(
  functions: FunctionNames,
  target: Target,
  second: unknown,
  third: unknown,
  fourth: unknown,
): Call {
  return typeof target === 'function'
    ? checkedCall(functions.findInline(target), second, third)
    : checkedCall(functions.find(target, second as string), third, fourth)
}

export function streamCall(
  functions: FunctionNames,
  target: Target,
  second: unknown,
  third: unknown,
  fourth: unknown,
): { call: Call; lookAhead: number } {
  const given = typeof target === 'function' ? third : fourth
  const options = given === undefined ? {} : checkStreamOptions(given as StreamOptions)
  const { lookAhead = 64, ...taskOptions } = options
  const call =
    typeof target === 'function'
      ? checkedCall(functions.findInline(target), second, taskOptions)
      : checkedCall(functions.find(target, second as string), third, taskOptions)
  return { call, lookAhead }
}

export interface MapCall {
  fn: FunctionName
  /** Not checked. */
  items: unknown
  options: MapOptions
}

export function mapCall(
  functions: FunctionNames,
  target: Target,
  second: unknown,
  third: unknown,
  fourth: unknown,
): MapCall {
  const isInline = typeof target === 'function'
  const given = isInline ? third : fourth
  const options = given === undefined ? {} : checkMapOptions(given as MapOptions)
  const fn = isInline ? functions.findInline(target) : functions.find(target, second as string)
  return { fn, items: isInline ? second : third, options }
}

function checkedCall(fn: FunctionName, args: unknown, options: unknown): Call {
  if (args !== undefined && !Array.isArray(args)) throw invalidType('args', 'an array', args)
  const checked = options === undefined ? undefined : checkTaskOptions(options as TaskOptions)
  return { fn, args: args ?? [], options: checked, site: undefined, isExpected: false }
}
