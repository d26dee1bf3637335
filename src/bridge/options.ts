import { realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type ResourceLimits, SHARE_ENV, type Transferable, type WorkerOptions } from 'node:worker_threads'
import { isRefusal, notCloneable } from '../channel/cloneable.js'
import { type CpuOptions, labelOf, type ModuleFunction } from '../channel/records.js'
import { invalidType } from '../channel/validate.js'
import { addressOf, type ModulePath } from './function-names.js'
import { checkExecutorOptions } from './option-checks.js'
import type { ErrorHandler } from './unread.js'

/** How an executor is built. Every option may be left out. */
export interface ExecutorOptions {
  /** Tasks running at once, 1 to 1,048,576. @defaultValue 10 */
  size?: number
  /**
   * Accepted tasks waiting to start, 0 to 1,073,741,823; `submit` blocks beyond that. With 0 it waits for a free
   * slot. @defaultValue `size`
   */
  queueSize?: number
  /** Name of the worker thread; appears in errors. @defaultValue 'async-pool-executor' */
  name?: string
  /**
   * File or folder from which './relative' modules and package names are resolved.
   * @defaultValue the file that constructed the executor; the working directory in a REPL or `node -e`
   */
  base?: string | URL
  /**
   * When given, only modules whose real files are inside these folders may be loaded as task modules.
   * @defaultValue no limit
   */
  roots?: readonly (string | URL)[]
  /** Called once in each worker, also in a replacement, before its first task. If it fails, the worker ends. */
  initializer?: { module: ModulePath; fn: string; args?: readonly unknown[] }
  /** Default for {@link TaskOptions.timeout}, in ms. @defaultValue no limit */
  timeout?: number
  /**
   * Whether a worker that died is replaced; with an object, at most `max` times within `within` ms. Beyond that the
   * executor is broken and all that is pending rejects with {@link BrokenExecutorError}.
   * @defaultValue `{ max: 5, within: 60_000 }`
   */
  restart?: boolean | { max: number; within: number }
  /**
   * ms for which the worker's event loop may stand still, as in an endless loop, before the worker is killed and
   * replaced. Seen while somebody waits: blocked, or for a promise. @defaultValue no limit
   */
  hangTimeout?: number
  /**
   * Whether the process waits at its end until all accepted tasks are settled; with `timeout` (ms) at most so long.
   * @defaultValue true
   */
  drainOnExit?: boolean | { timeout: number }
  /**
   * On these signals: waits, without blocking, for what was accepted before, as `drainOnExit` says, and then ends the
   * process with 128 plus the signal's number. A second signal ends it at once. Where the program has listeners of its
   * own for the signal, it is they who end the process. @defaultValue []: signals are left alone
   */
  drainOnSignals?: readonly NodeJS.Signals[]
  /**
   * What happens to a failure that nobody has read when its future is garbage, or the process ends.
   * @defaultValue 'report': its stack goes to stderr
   */
  onError?: 'report' | 'ignore' | ErrorHandler
  /**
   * Where the worker's output goes. 'direct': to file descriptors 1 and 2 at once, also while the caller is blocked.
   * 'inherit': through the caller's streams, when its event loop turns. 'ignore': nowhere.
   * @defaultValue 'direct'
   */
  stdio?: 'direct' | 'inherit' | 'ignore'
  /**
   * As for `new Worker()` of node:worker_threads. Under Node's permission model, which it could lift in the worker, its
   * NODE_OPTIONS must be those of the process.
   */
  env?: NonNullable<WorkerOptions['env']>
  /** As for `new Worker()` of node:worker_threads. */
  argv?: readonly string[]
  /** As for `new Worker()` of node:worker_threads. Refused under Node's permission model, which any value would lift in the worker. */
  execArgv?: readonly string[]
  /** As for `new Worker()` of node:worker_threads. */
  resourceLimits?: ResourceLimits
  /**
   * CPU threads, which run the tasks with {@link TaskOptions.offload}: so many at most, 1 to 1,024. They start when they
   * are first needed. @defaultValue one for each core that the process may use
   */
  cpuThreads?: number
  /** ms after which a CPU thread without work ends. @defaultValue 10,000 */
  idleTimeout?: number
}

/** What can be said of a single task. */
export interface TaskOptions {
  /**
   * How long the task may run, in ms; then its signal is aborted and the future rejects with TimeoutError. A task
   * that ignores its signal keeps its slot until it ends. @defaultValue the executor's `timeout`
   */
  timeout?: number
  /** How long `submit` may wait for queue space, in ms; then it throws QueueFullError. @defaultValue no limit */
  submitTimeout?: number
  /** Higher starts first; equal keeps the order of submission. Any finite number. @defaultValue 0 */
  priority?: number
  /** ArrayBuffers, MessagePorts and the like in the arguments that are moved instead of copied. */
  transferList?: readonly Transferable[]
  /**
   * Aborting it cancels the task; `submit` throws, and `submitAsync` rejects with, {@link CancelledError} if it is
   * aborted before the task is accepted. Noticed when an event loop turns, so of use to code that does not block.
   */
  signal?: AbortSignal
  /** The task may be run again if the worker dies while it runs. @defaultValue false */
  idempotent?: boolean
  /**
   * Run it in a CPU thread instead of the worker's event loop, so that a function that computes does not keep its
   * neighbours waiting. It needs a slot of `size` and then a CPU thread; while it waits for that, its `timeout` does
   * not run. When it is cancelled or too late, its CPU thread is ended. @defaultValue false
   */
  offload?: boolean
  /**
   * Called in the caller's thread with what the task hands to `currentTask().progress`, in order and before the
   * result: while a call of this thread blocks, or when its event loop turns.
   */
  onProgress?: (value: unknown) => void
}

export interface MapOptions extends TaskOptions {
  /** Items submitted ahead of the one that is read. @defaultValue `size + queueSize` */
  lookAhead?: number
  /** false: results in the order in which they are ready. @defaultValue true */
  ordered?: boolean
}

export interface StreamOptions extends Omit<TaskOptions, 'idempotent' | 'offload'> {
  /** Items that the generator may make before they are read. @defaultValue 64 */
  lookAhead?: number
}

/** What an executor that is attached to another thread's decides by itself. */
export type AttachOptions = Pick<
  ExecutorOptions,
  'base' | 'timeout' | 'drainOnExit' | 'drainOnSignals' | 'onError'
>

/** The options with their defaults. */
export interface ResolvedOptions {
  size: number
  queueSize: number
  name: string
  base: string
  roots: string[] | undefined
  initializer: (ModuleFunction & { args: readonly unknown[] }) | undefined
  timeout: number | undefined
  hangTimeout: number
  restart: { max: number; within: number }
  drainOnSignals: readonly NodeJS.Signals[]
  drainOnExit: { timeout: number } | false
  onError: 'report' | 'ignore' | ErrorHandler
  stdio: 'direct' | 'inherit' | 'ignore'
  worker: Pick<WorkerOptions, 'env' | 'argv' | 'execArgv' | 'resourceLimits'>
  cpu: CpuOptions
}

/** @param callerFile - the default of `base` */
export function resolveOptions(
  given: ExecutorOptions | number | undefined,
  callerFile: string,
): ResolvedOptions {
  const options = checkExecutorOptions(
    typeof given === 'number' ? { size: given } : given === undefined ? {} : given,
  )
  const { size = 10, drainOnExit = true } = options
  const restart = restartLimit(options.restart)
  const worker = workerOptions(options)
  const base = options.base === undefined ? callerFile : baseFile(options.base)
  return {
    size,
    queueSize: options.queueSize ?? size,
    name: options.name ?? 'async-pool-executor',
    base,
    roots: options.roots?.map(rootFolder),
    initializer: options.initializer && initializerAddress(options.initializer, base),
    timeout: options.timeout,
    hangTimeout: options.hangTimeout ?? Number.POSITIVE_INFINITY,
    restart,
    drainOnSignals: options.drainOnSignals ?? [],
    drainOnExit: drainOnExit === true ? { timeout: Number.POSITIVE_INFINITY } : drainOnExit,
    onError: options.onError ?? 'report',
    stdio: options.stdio ?? 'direct',
    worker,
    cpu: cpuOptions(options, worker, restart.max),
  }
}

function restartLimit(restart: ExecutorOptions['restart'] = true): ResolvedOptions['restart'] {
  return typeof restart === 'object' ? restart : { max: restart ? 5 : 0, within: 60_000 }
}

/** What CPU threads do not have from the worker by themselves, as they have the rest of `env` and `execArgv`. */
function cpuOptions(
  { cpuThreads, idleTimeout = 10_000 }: ExecutorOptions,
  { argv, env, resourceLimits }: ResolvedOptions['worker'],
  reruns: number,
): CpuOptions {
  return { threads: cpuThreads, idleTimeout, reruns, sharesEnv: env === SHARE_ENV, argv, resourceLimits }
}

/** Only what was given: Node takes an explicit `undefined`, and any `execArgv` at all, for a wish. */
function workerOptions({ env, argv, execArgv, resourceLimits }: ExecutorOptions): ResolvedOptions['worker'] {
  return {
    ...(env !== undefined && { env: env === SHARE_ENV || env === process.env ? env : { ...env } }),
    ...(argv !== undefined && { argv: [...argv] }),
    ...(execArgv !== undefined && { execArgv: [...execArgv] }),
    ...(resourceLimits !== undefined && { resourceLimits }),
  }
}

/** The path of a file beside which './relative' is looked for; of a folder, any file in it. */
function baseFile(base: string | URL): string {
  const path = toPath(base)
  return pathToFileURL(/[/\\]$/.test(path) || isFolder(path) ? join(path, 'base') : path).href
}

/** Its real path, since modules are compared by theirs. */
function rootFolder(root: string | URL): string {
  const path = toPath(root)
  if (!isFolder(path)) throw invalidType('options.roots', 'an array of folders that exist', root)
  return realpathSync(path)
}

function toPath(given: string | URL): string {
  return given instanceof URL || given.startsWith('file:') ? fileURLToPath(given) : resolve(given)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

function initializerAddress(
  { module, fn, args = [] }: NonNullable<ExecutorOptions['initializer']>,
  base: string,
): ResolvedOptions['initializer'] {
  const address = addressOf(module, fn, base)
  try {
    return { ...address, args: structuredClone(args) }
  } catch (error) {
    if (!isRefusal(error)) throw error
    throw notCloneable('args', args, error, `the arguments of the initializer ${labelOf(address)}`)
  }
}
