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

/** What code without types gives as well, and synckit takes. */
type Given = Omit<SynckitOptions, 'timeout' | 'globalShims' | 'tsRunner'> & {
  timeout?: number | string | null | undefined
  globalShims?: SynckitOptions['globalShims'] | null
  tsRunner?: TsRunner | null | undefined
}

/**
 * Unknown options are let through: synckit ignores them, and has had others in earlier versions.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
export function resolveSyncOptions(given: SynckitOptions | number | undefined): SyncOptions {
  const options: Given = typeof given === 'number' ? { timeout: given } : (given ?? {})
  checkObject('timeoutOrOptions', options)
  const {
    timeout = DEFAULT_TIMEOUT,
    execArgv = DEFAULT_EXEC_ARGV,
    globalShims = DEFAULT_GLOBAL_SHIMS,
    tsRunner = DEFAULT_TS_RUNNER,
    transferList = [],
  } = options
  const limit = limitOf(options.timeout === undefined ? 'SYNCKIT_TIMEOUT' : 'timeout', timeout)
  checkList('execArgv', execArgv, 'an array of strings', flag => typeof flag === 'string')
  if (globalShims !== null && typeof globalShims !== 'boolean')
    checkList('globalShims', globalShims, 'a boolean or an array of { moduleName, … }', isShim)
  checkList('transferList', transferList, 'an array of transferable objects', () => true)
  return {
    start: {
      execArgv: execArgv.filter(flag => flag !== ''),
      globalShims: shimsOf(globalShims ?? false),
      tsRunner: tsRunner ?? undefined,
    },
    timeout: limit,
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

/** null is no limit, as for synckit, and a string of digits a number. */
function limitOf(what: string, timeout: Given['timeout']): number | undefined {
  const isNumeric = typeof timeout === 'string' && /^\d+(\.\d+)?$/.test(timeout)
  const limit = isNumeric ? Number(timeout) : (timeout ?? undefined)
  if (limit !== undefined) checkMilliseconds(what, limit)
  return limit as number | undefined
}

function checkList(what: string, value: unknown, expected: string, isGood: (item: unknown) => boolean): void {
  if (!Array.isArray(value) || !value.every(isGood)) throw invalidType(what, expected, value)
}

function isShim(value: unknown): boolean {
  return typeof (value as GlobalShim | null | undefined)?.moduleName === 'string'
}
