import { isDeepStrictEqual } from 'node:util'
import { checkMilliseconds, checkObject, invalidType } from '../../channel/validate.js'
import {
  DEFAULT_EXEC_ARGV,
  DEFAULT_GLOBAL_SHIMS,
  DEFAULT_GLOBAL_SHIMS_PRESET,
  DEFAULT_TIMEOUT,
  DEFAULT_TS_RUNNER,
  type TsRunner,
} from '../constants.js'
import type { GlobalShim, SynckitOptions } from '../types.js'

/** The options of one synchronous function, with their defaults. */
export interface SyncOptions {
  readonly start: StartOptions
  /** In ms; undefined: no limit. */
  readonly timeout: number | undefined
  readonly transferList: NonNullable<SynckitOptions['transferList']>
}

/** What a worker is started with: functions that agree in it can share one. */
export interface StartOptions {
  readonly execArgv: readonly string[]
  readonly globalShims: readonly GlobalShim[]
  readonly tsRunner: TsRunner | undefined
}

/**
 * Unknown options are let through: synckit ignores them, and has had others in earlier versions.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
export function resolveSyncOptions(given: SynckitOptions | number | undefined): SyncOptions {
  const options = typeof given === 'number' ? { timeout: given } : (given ?? {})
  checkObject('timeoutOrOptions', options)
  const {
    timeout = DEFAULT_TIMEOUT,
    execArgv = DEFAULT_EXEC_ARGV,
    globalShims = DEFAULT_GLOBAL_SHIMS,
    tsRunner = DEFAULT_TS_RUNNER,
    transferList = [],
  } = options
  checkTimeout(options.timeout === undefined ? 'SYNCKIT_TIMEOUT' : 'timeout', timeout)
  checkList('execArgv', execArgv, 'an array of strings', flag => typeof flag === 'string')
  if (typeof globalShims !== 'boolean')
    checkList('globalShims', globalShims, 'a boolean or an array of { moduleName, … }', isShim)
  checkList('transferList', transferList, 'an array of transferable objects', () => true)
  return {
    start: { execArgv: execArgv.filter(flag => flag !== ''), globalShims: shimsOf(globalShims), tsRunner },
    timeout: timeout ?? undefined,
    transferList,
  }
}

export function isSameStart(one: StartOptions, other: StartOptions): boolean {
  return isDeepStrictEqual(one, other)
}

export function isSame(one: SyncOptions, other: SyncOptions): boolean {
  return isDeepStrictEqual(one, other)
}

function shimsOf(globalShims: GlobalShim[] | boolean): readonly GlobalShim[] {
  if (typeof globalShims === 'boolean') return globalShims ? DEFAULT_GLOBAL_SHIMS_PRESET : []
  return globalShims.map(shim => ({ ...shim }))
}

/** null is no limit, as for synckit. */
function checkTimeout(what: string, timeout: number | null | undefined): void {
  if (timeout !== undefined && timeout !== null) checkMilliseconds(what, timeout)
}

function checkList(what: string, value: unknown, expected: string, isGood: (item: unknown) => boolean): void {
  if (!Array.isArray(value) || !value.every(isGood)) throw invalidType(what, expected, value)
}

function isShim(value: unknown): boolean {
  return typeof (value as GlobalShim | null | undefined)?.moduleName === 'string'
}
