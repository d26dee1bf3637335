import { statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { ResourceLimits, Transferable, WorkerOptions } from 'node:worker_threads'
import type { ErrorHandler } from './unread.js'
import { checkFinite, checkInteger, checkMilliseconds, checkObject, invalidType } from './validate.js'

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
   * Whether a worker that died is replaced; with an object, at most `max` times within `within` ms. Beyond that the
   * executor is broken and all that is pending rejects with {@link BrokenExecutorError}.
   * @defaultValue `{ max: 5, within: 60_000 }`
   */
  restart?: boolean | { max: number; within: number }
  /**
   * Whether the process waits at its end until all accepted tasks are settled; with `timeout` (ms) at most so long.
   * @defaultValue true
   */
  drainOnExit?: boolean | { timeout: number }
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
  /** As for `new Worker()` of node:worker_threads. */
  env?: NonNullable<WorkerOptions['env']>
  /** As for `new Worker()` of node:worker_threads. */
  argv?: readonly string[]
  /** As for `new Worker()` of node:worker_threads. Note that any value lifts Node's permission model in the worker. */
  execArgv?: readonly string[]
  /** As for `new Worker()` of node:worker_threads. */
  resourceLimits?: ResourceLimits
}

/** What can be said of a single task. */
export interface TaskOptions {
  /** How long `submit` may wait for queue space, in ms; then it throws QueueFullError. @defaultValue no limit */
  submitTimeout?: number
  /** Higher starts first; equal keeps the order of submission. Any finite number. @defaultValue 0 */
  priority?: number
  /** ArrayBuffers, MessagePorts and the like in the arguments that are moved instead of copied. */
  transferList?: readonly Transferable[]
  /** The task may be run again if the worker dies while it runs. @defaultValue false */
  idempotent?: boolean
}

export interface MapOptions extends TaskOptions {
  /** Items submitted ahead of the one that is read. @defaultValue `size + queueSize` */
  lookAhead?: number
}

/** The options with their defaults. */
export interface ResolvedOptions {
  size: number
  queueSize: number
  name: string
  base: string
  restart: { max: number; within: number }
  drainOnExit: { timeout: number } | false
  onError: 'report' | 'ignore' | ErrorHandler
  stdio: 'direct' | 'inherit' | 'ignore'
  worker: Pick<WorkerOptions, 'env' | 'argv' | 'execArgv' | 'resourceLimits'>
}

type Check = (what: string, value: unknown) => void

const mostRunning = 2 ** 20
const mostQueued = 2 ** 30 - 1

const executorChecks: Record<keyof ExecutorOptions, Check> = {
  size: (what, value) => checkInteger(what, value, 1, mostRunning),
  queueSize: (what, value) => checkInteger(what, value, 0, mostQueued),
  name: checkName,
  base: checkBase,
  restart: checkRestart,
  drainOnExit: checkDrainOnExit,
  onError: checkOnError,
  stdio: checkStdio,
  env: (what, value) => typeof value !== 'symbol' && checkObject(what, value),
  argv: checkStrings,
  execArgv: checkStrings,
  resourceLimits: checkObject,
}

const taskChecks: Record<keyof TaskOptions, Check> = {
  submitTimeout: checkMilliseconds,
  priority: checkFinite,
  transferList: checkList,
  idempotent: checkBoolean,
}

const mapChecks: Record<keyof MapOptions, Check> = {
  ...taskChecks,
  lookAhead: (what, value) => checkInteger(what, value, 1, mostQueued),
}

/** @param defaultBase - asked only if no base is given */
export function resolveOptions(
  given: ExecutorOptions | number | undefined,
  defaultBase: () => string,
): ResolvedOptions {
  const options = typeof given === 'number' ? { size: given } : (given ?? {})
  checkOptions(options, executorChecks)
  const { size = 10, restart = true, drainOnExit = true, env, argv, execArgv, resourceLimits } = options
  return {
    size,
    queueSize: options.queueSize ?? size,
    name: options.name ?? 'async-pool-executor',
    base: options.base === undefined ? defaultBase() : baseFile(options.base),
    restart:
      typeof restart === 'object' ? restart : restart ? { max: 5, within: 60_000 } : { max: 0, within: 0 },
    drainOnExit: drainOnExit === true ? { timeout: Number.POSITIVE_INFINITY } : drainOnExit,
    onError: options.onError ?? 'report',
    stdio: options.stdio ?? 'direct',
    worker: {
      ...(env !== undefined && { env }),
      ...(argv !== undefined && { argv: [...argv] }),
      ...(execArgv !== undefined && { execArgv: [...execArgv] }),
      ...(resourceLimits !== undefined && { resourceLimits }),
    },
  }
}

export function checkTaskOptions(options: TaskOptions): void {
  checkOptions(options, taskChecks)
}

export function checkMapOptions(options: MapOptions): void {
  checkOptions(options, mapChecks)
}

function checkOptions(options: object, checks: Record<string, Check>): void {
  checkObject('options', options)
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue
    if (!Object.hasOwn(checks, key))
      throw invalidType(`options.${key}`, `one of ${Object.keys(checks).join(', ')}`, value)
    checks[key]?.(`options.${key}`, value)
  }
}

/** The path of a file beside which './relative' is looked for; of a folder, any file in it. */
function baseFile(base: string | URL): string {
  const path = base instanceof URL || base.startsWith('file:') ? fileURLToPath(base) : resolve(base)
  const isFolder = /[/\\]$/.test(path) || statSync(path, { throwIfNoEntry: false })?.isDirectory()
  return pathToFileURL(isFolder ? join(path, 'base') : path).href
}

function checkName(what: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw invalidType(what, 'a string that is not empty', value)
}

function checkBase(what: string, value: unknown): void {
  const expected = 'a path or a file: URL'
  if (value instanceof URL ? value.protocol !== 'file:' : typeof value !== 'string' || value === '')
    throw invalidType(what, expected, value)
  if (typeof value === 'string' && /^(?!file:)[a-z][a-z\d+.-]+:/i.test(value))
    throw invalidType(what, expected, value)
}

function checkRestart(what: string, value: unknown): void {
  if (typeof value === 'boolean') return
  if (typeof value !== 'object' || value === null)
    throw invalidType(what, 'a boolean or { max, within }', value)
  const { max, within } = value as { max?: unknown; within?: unknown }
  checkInteger(`${what}.max`, max, 0, mostQueued)
  checkMilliseconds(`${what}.within`, within)
}

function checkDrainOnExit(what: string, value: unknown): void {
  if (typeof value === 'boolean') return
  if (typeof value !== 'object' || value === null) throw invalidType(what, 'a boolean or { timeout }', value)
  checkMilliseconds(`${what}.timeout`, (value as { timeout?: unknown }).timeout)
}

function checkOnError(what: string, value: unknown): void {
  if (value !== 'report' && value !== 'ignore' && typeof value !== 'function')
    throw invalidType(what, "'report', 'ignore' or a function", value)
}

function checkStdio(what: string, value: unknown): void {
  if (value !== 'direct' && value !== 'inherit' && value !== 'ignore')
    throw invalidType(what, "'direct', 'inherit' or 'ignore'", value)
}

function checkStrings(what: string, value: unknown): void {
  if (!Array.isArray(value) || value.some(item => typeof item !== 'string'))
    throw invalidType(what, 'an array of strings', value)
}

function checkList(what: string, value: unknown): void {
  if (!Array.isArray(value)) throw invalidType(what, 'an array of transferable objects', value)
}

function checkBoolean(what: string, value: unknown): void {
  if (typeof value !== 'boolean') throw invalidType(what, 'a boolean', value)
}
