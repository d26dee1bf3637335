import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { ExecutorError } from '../../channel/errors.js'
import {
  DEFAULT_TYPES_NODE_VERSION,
  NO_STRIP_TYPES,
  NO_STRIP_TYPES_FLAG,
  STRIP_TYPES_FLAG,
  STRIP_TYPES_NODE_VERSION,
  TRANSFORM_TYPES_FLAG,
  TRANSFORM_TYPES_NODE_VERSION,
  TsRunner,
} from '../constants.js'
import {
  compareNodeVersion,
  hasImportFlag,
  hasLoaderFlag,
  hasRequireFlag,
  IMPORT_FLAG,
  LOADER_FLAG,
  REQUIRE_ABBR_FLAG,
} from '../flags.js'
import type { WorkerFile } from './worker-file.js'

/** How a worker has to be started for its file to run. */
export interface TypeScriptSupport {
  readonly execArgv: readonly string[]
  readonly usesTsx: boolean
}

/**
 * What a worker file that is TypeScript needs; for others, the flags that were given.
 *
 * @param given - flags of Node, which take precedence: a runner's flag is left out if they have one of its kind
 * @throws {ExecutorError} if the runner is unknown, or cannot run such a file on this version of Node
 */
export function supportFor(
  file: WorkerFile,
  given: readonly string[],
  wanted: TsRunner | undefined,
): TypeScriptSupport {
  if (!file.isTypeScript) return { execArgv: given, usesTsx: false }
  const execArgv = [...given]
  const runner = wanted ?? defaultRunner(file, execArgv)
  const flagsOf = flags[runner]
  if (flagsOf === undefined) throw new ExecutorError(`Unknown ts runner: ${String(runner)}`)
  const added = flagsOf(file.isEsm, execArgv)
  refuseExtension(runner, file)
  const [kind] = added
  return {
    execArgv: kind === undefined || has[kind]?.(execArgv) ? execArgv : [...added, ...execArgv],
    usesTsx: runner === TsRunner.TSX && !hasImportFlag(execArgv),
  }
}

function defaultRunner(file: WorkerFile, execArgv: readonly string[]): TsRunner {
  if (process.versions.bun !== undefined) return TsRunner.Bun
  if (!isStrippingOff(execArgv) && compareNodeVersion(STRIP_TYPES_NODE_VERSION) >= 0) return TsRunner.Node
  // Node looks for a runner that is a flag from the working directory; tsx is found from the worker file too.
  if (isInstalled(TsRunner.TsNode, here())) return TsRunner.TsNode
  if (isInstalled(TsRunner.TSX, file.path) || isInstalled(TsRunner.TSX, here())) return TsRunner.TSX
  throw new ExecutorError(
    `nothing was found that runs the TypeScript file ${file.path}: install ts-node or tsx, or name another tsRunner`,
  )
}

/** Any file in the working directory. */
function here(): string {
  return join(process.cwd(), 'base')
}

function isInstalled(name: string, from: string): boolean {
  try {
    createRequire(from).resolve(name)
    return true
  } catch {
    return false
  }
}

function isStrippingOff(execArgv: readonly string[]): boolean {
  const off = execArgv.lastIndexOf(NO_STRIP_TYPES_FLAG)
  const on = Math.max(execArgv.lastIndexOf(STRIP_TYPES_FLAG), execArgv.lastIndexOf(TRANSFORM_TYPES_FLAG))
  return off > on || (on === -1 && NO_STRIP_TYPES)
}

/** Whether flags of one kind are there already; then a runner's is left out. */
const has: Record<string, (execArgv: string[]) => boolean> = {
  [REQUIRE_ABBR_FLAG]: hasRequireFlag,
  [IMPORT_FLAG]: hasImportFlag,
  [LOADER_FLAG]: hasLoaderFlag,
  [TRANSFORM_TYPES_FLAG]: execArgv => execArgv.includes(TRANSFORM_TYPES_FLAG),
  [STRIP_TYPES_FLAG]: execArgv => execArgv.includes(STRIP_TYPES_FLAG),
}

const flags: Record<TsRunner, (isEsm: boolean, execArgv: readonly string[]) => string[]> = {
  [TsRunner.Node]: (_isEsm, execArgv) => nodeFlags(execArgv),
  [TsRunner.Bun]: () => [],
  [TsRunner.TsNode]: isEsm =>
    isEsm ? [LOADER_FLAG, 'ts-node/esm'] : [REQUIRE_ABBR_FLAG, 'ts-node/register'],
  [TsRunner.EsbuildRegister]: isEsm =>
    isEsm ? [LOADER_FLAG, 'esbuild-register/loader'] : [REQUIRE_ABBR_FLAG, 'esbuild-register'],
  [TsRunner.EsbuildRunner]: () => [REQUIRE_ABBR_FLAG, 'esbuild-runner/register'],
  [TsRunner.OXC]: () => [IMPORT_FLAG, '@oxc-node/core/register'],
  [TsRunner.SWC]: isEsm =>
    isEsm ? [IMPORT_FLAG, '@swc-node/register/esm-register'] : [REQUIRE_ABBR_FLAG, '@swc-node/register'],
  [TsRunner.TSX]: () => [],
}

function nodeFlags(execArgv: readonly string[]): string[] {
  if (compareNodeVersion(STRIP_TYPES_NODE_VERSION) < 0)
    throw new ExecutorError('type stripping is not supported in this node version')
  if (isStrippingOff(execArgv)) throw new ExecutorError('type stripping is disabled explicitly')
  if (compareNodeVersion(DEFAULT_TYPES_NODE_VERSION) >= 0) return []
  return compareNodeVersion(TRANSFORM_TYPES_NODE_VERSION) >= 0 ? [TRANSFORM_TYPES_FLAG] : [STRIP_TYPES_FLAG]
}

const oldRunners: readonly TsRunner[] = [TsRunner.EsbuildRegister, TsRunner.EsbuildRunner]

/** These two know the extension .ts only. */
function refuseExtension(runner: TsRunner, { path }: WorkerFile): void {
  const extension = extname(path)
  if (extension !== '.ts' && oldRunners.includes(runner))
    throw new ExecutorError(`${runner} is not supported for ${extension} files yet, you can try tsx instead`)
}
