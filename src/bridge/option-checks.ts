import { constants } from 'node:os'
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { SHARE_ENV } from 'node:worker_threads'
import {
  type Check,
  checkBoolean,
  checkFinite,
  checkName,
  checkOnError,
  checkOneOf,
  checkOptions,
  mostQueued,
  mostRunning,
} from '../channel/options.js'
import { checkInteger, checkMilliseconds, checkObject, invalidType } from '../channel/validate.js'
import type { OffloadOptions } from '../task.js'
import type { WaitOptions } from './compose.js'
import type { ShutdownOptions } from './executor.js'
import type { AttachOptions, ExecutorOptions, MapOptions, StreamOptions, TaskOptions } from './options.js'

const mostCpuThreads = 1024

const executorChecks: Record<keyof ExecutorOptions, Check> = {
  size: (what, value) => checkInteger(what, value, 1, mostRunning),
  queueSize: (what, value) => checkInteger(what, value, 0, mostQueued),
  name: checkName,
  base: checkPath,
  roots: (what, value) => checkList(what, value, 'an array of folders', checkPath),
  initializer: checkInitializer,
  timeout: checkMilliseconds,
  hangTimeout: checkMilliseconds,
  restart: checkRestart,
  drainOnExit: checkDrainOnExit,
  drainOnSignals: (what, value) => checkList(what, value, 'an array of signal names', checkSignal),
  onError: checkOnError,
  stdio: (what, value) => checkOneOf(what, value, ['direct', 'inherit', 'ignore']),
  env: checkEnv,
  argv: (what, value) => checkList(what, value, 'an array of strings', checkString),
  execArgv: checkExecArgv,
  resourceLimits: checkObject,
  cpuThreads: (what, value) => checkInteger(what, value, 1, mostCpuThreads),
  idleTimeout: checkMilliseconds,
}

const { base, timeout, drainOnExit, drainOnSignals, onError } = executorChecks
const attachChecks: Record<keyof AttachOptions, Check> = {
  base,
  timeout,
  drainOnExit,
  drainOnSignals,
  onError,
}

const taskChecks: Record<keyof TaskOptions, Check> = {
  timeout: checkMilliseconds,
  submitTimeout: checkMilliseconds,
  priority: checkFinite,
  transferList: (what, value) => checkList(what, value, 'an array of transferable objects'),
  signal: (what, value) => {
    if (!(value instanceof AbortSignal)) throw invalidType(what, 'an AbortSignal', value)
  },
  idempotent: checkBoolean,
  offload: checkBoolean,
  onProgress: checkFunction,
}

const mapChecks: Record<keyof MapOptions, Check> = {
  ...taskChecks,
  lookAhead: (what, value) => checkInteger(what, value, 1, mostQueued),
  ordered: checkBoolean,
}

const { idempotent: _, offload: __, ...checksOfAnyTask } = taskChecks
const streamChecks: Record<keyof StreamOptions, Check> = {
  ...checksOfAnyTask,
  lookAhead: (what, value) => checkInteger(what, value, 1, mostQueued),
}

export function checkExecutorOptions(options: ExecutorOptions): ExecutorOptions {
  return checkOptions(options, executorChecks)
}

export function checkAttachOptions(options: AttachOptions): AttachOptions {
  return checkOptions(options, attachChecks)
}

export function checkTaskOptions(options: TaskOptions): TaskOptions {
  return checkOptions(options, taskChecks)
}

export function checkMapOptions(options: MapOptions): MapOptions {
  return checkOptions(options, mapChecks)
}

export function checkStreamOptions(options: StreamOptions): StreamOptions {
  return checkOptions(options, streamChecks)
}

export function checkOffloadArguments(args: unknown, options: OffloadOptions = {}): OffloadOptions {
  if (args !== undefined) checkList('args', args, 'an array')
  const { timeout, priority, signal, transferList } = taskChecks
  return checkOptions(options, { timeout, priority, signal, transferList })
}

export function checkShutdownOptions(options: ShutdownOptions): ShutdownOptions {
  return checkOptions(options, {
    wait: checkBoolean,
    cancelPending: checkBoolean,
    timeout: checkMilliseconds,
  })
}

export function checkWaitOptions(options: WaitOptions): WaitOptions {
  return checkOptions(options, {
    timeout: checkMilliseconds,
    returnWhen: (what, value) => checkOneOf(what, value, ['first-completed', 'first-error', 'all-completed']),
  })
}

export function checkAsCompletedOptions(options: { timeout?: number }): { timeout?: number } {
  return checkOptions(options, { timeout: checkMilliseconds })
}

export function checkGatherOptions(options: { returnErrors?: boolean }): { returnErrors?: boolean } {
  return checkOptions(options, { returnErrors: checkBoolean })
}

function checkFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidType(what, 'a function', value)
}

function checkList(what: string, value: unknown, expected: string, checkItem?: Check): void {
  if (!Array.isArray(value)) throw invalidType(what, expected, value)
  for (const [index, item] of value.entries()) checkItem?.(`${what}[${index}]`, item)
}

/** The flags of a permission model may be there, and whoever can read this has been allowed to by them. */
const nodeOptions = underPermissions() ? process.env.NODE_OPTIONS : undefined

function underPermissions(): boolean {
  return 'permission' in process
}

/**
 * A worker with an `env` of its own takes its flags from the NODE_OPTIONS there: others than those of the process
 * would lift Node's permission model in it, also none at all.
 */
function checkEnv(what: string, value: unknown): void {
  if (value === SHARE_ENV || value === process.env) return
  checkObject(what, value)
  const { NODE_OPTIONS: given } = { ...(value as NodeJS.ProcessEnv) }
  if (underPermissions() && given !== nodeOptions)
    throw invalidType(
      `${what}.NODE_OPTIONS`,
      "that of the process under Node's permission model, which any other would lift in the worker",
      given,
    )
}

/** Node lifts its permission model in a worker that is given any `execArgv`, even an empty one (nodejs/node#62222). */
function checkExecArgv(what: string, value: unknown): void {
  checkList(what, value, 'an array of strings', checkString)
  if (underPermissions())
    throw invalidType(
      what,
      "left out under Node's permission model, which any value would lift in the worker",
      value,
    )
}

function checkString(what: string, value: unknown): void {
  if (typeof value !== 'string') throw invalidType(what, 'a string', value)
}

function checkPath(what: string, value: unknown): void {
  const isPath = value instanceof URL || (typeof value === 'string' && value !== '' && !value.includes('\0'))
  if (!isPath || !(isAbsolute(String(value)) || isFileUrlOrRelative(String(value))))
    throw invalidType(what, 'a path or a file: URL of this machine', value)
}

function isFileUrlOrRelative(path: string): boolean {
  if (!/^[a-z][a-z\d+.-]+:/i.test(path)) return true
  try {
    return fileURLToPath(path) !== ''
  } catch {
    return false // another scheme, another host, or encoded slashes
  }
}

function checkInitializer(what: string, value: unknown): void {
  checkObject(what, value)
  const { args } = value as { args?: unknown }
  if (args !== undefined) checkList(`${what}.args`, args, 'an array')
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

function checkSignal(what: string, value: unknown): void {
  const canBeHandled = value !== 'SIGKILL' && value !== 'SIGSTOP'
  if (typeof value !== 'string' || !Object.hasOwn(constants.signals, value) || !canBeHandled)
    throw invalidType(what, "the name of a signal that can be handled, such as 'SIGTERM'", value)
}
