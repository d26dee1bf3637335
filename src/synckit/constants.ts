import { compareNodeVersion, isSet } from './flags.js'
import type { GlobalShim, ValueOf } from './types.js'

/* The values that synckit 0.12 exports. What comes from the environment is read once, when this is loaded. */

/** What can run a worker file that is TypeScript. */
export const TsRunner = {
  Node: 'node',
  Bun: 'bun',
  TsNode: 'ts-node',
  EsbuildRegister: 'esbuild-register',
  EsbuildRunner: 'esbuild-runner',
  OXC: 'oxc',
  SWC: 'swc',
  TSX: 'tsx',
} as const

export type TsRunner = ValueOf<typeof TsRunner>

export const TS_ESM_PARTIAL_SUPPORTED: boolean =
  compareNodeVersion('16') >= 0 && compareNodeVersion('18.19') < 0
export const MTS_SUPPORTED: boolean = compareNodeVersion('20.8') >= 0
export const MODULE_REGISTER_SUPPORTED: boolean = MTS_SUPPORTED || compareNodeVersion('18.19') >= 0
export const IMPORT_FLAG_SUPPORTED: boolean = compareNodeVersion('20.6') >= 0

export const STRIP_TYPES_NODE_VERSION = '22.6'
export const TRANSFORM_TYPES_NODE_VERSION = '22.7'
export const FEATURE_TYPESCRIPT_NODE_VERSION = '22.10'
export const DEFAULT_TYPES_NODE_VERSION = '23.6'

export const STRIP_TYPES_FLAG = '--experimental-strip-types'
export const TRANSFORM_TYPES_FLAG = '--experimental-transform-types'
export const NO_STRIP_TYPES_FLAG = '--no-experimental-strip-types'

/** Whether this process was told not to run TypeScript. */
export const NO_STRIP_TYPES: boolean = isSet(NO_STRIP_TYPES_FLAG) && cannotStripTypes()

function cannotStripTypes(): boolean {
  if (compareNodeVersion(FEATURE_TYPESCRIPT_NODE_VERSION) >= 0)
    return (process.features as { typescript?: unknown }).typescript === false
  return !isSet(STRIP_TYPES_FLAG) && !isSet(TRANSFORM_TYPES_FLAG)
}

const { SYNCKIT_EXEC_ARGV = '', SYNCKIT_GLOBAL_SHIMS, SYNCKIT_TIMEOUT, SYNCKIT_TS_RUNNER } = process.env

export const DEFAULT_TIMEOUT: number | undefined = SYNCKIT_TIMEOUT ? Number(SYNCKIT_TIMEOUT) : undefined
export const DEFAULT_EXEC_ARGV: string[] = SYNCKIT_EXEC_ARGV.split(',')
export const DEFAULT_TS_RUNNER: TsRunner | undefined = SYNCKIT_TS_RUNNER as TsRunner | undefined
export const DEFAULT_GLOBAL_SHIMS: boolean = SYNCKIT_GLOBAL_SHIMS === '1' || SYNCKIT_GLOBAL_SHIMS === 'true'
export const DEFAULT_GLOBAL_SHIMS_PRESET: GlobalShim[] = [
  { moduleName: 'node-fetch-native', globalName: 'fetch', named: 'fetch' },
  { moduleName: 'node:perf_hooks', globalName: 'performance', named: 'performance' },
]
