import type { ErrorHandler } from '../bridge/unread.js'
import {
  type Check,
  checkBoolean,
  checkFinite,
  checkName,
  checkOnError,
  checkOptions,
  mostQueued,
  mostRunning,
} from '../channel/options.js'
import { checkInteger, checkMilliseconds, checkObject, invalidType, outOfRange } from '../channel/validate.js'

/** So many starts of one window are remembered, 8 bytes each. */
const mostInWindow = 2 ** 24

/** How a pool is built. */
export interface AsyncPoolOptions {
  /** Tasks running at once, 1 to 1,048,576. */
  size: number
  /**
   * Accepted tasks waiting to start, 0 to 1,073,741,823; calls beyond that wait to be accepted. With 0 they wait for a
   * free slot. @defaultValue `size`
   */
  queueSize?: number
  /** Appears in errors. @defaultValue 'async-pool' */
  name?: string
  /**
   * At most `tasks` tasks, 1 to 16,777,216, start within any `per` ms, however long the pool was idle before.
   * @defaultValue no limit
   */
  rate?: { tasks: number; per: number }
  /**
   * What happens to a failure that nobody has read when its future is garbage, or the process ends.
   * @defaultValue 'report': its stack goes to stderr
   */
  onError?: 'report' | 'ignore' | ErrorHandler
}

/** What can be said of a single task; see {@link AsyncPool.with}. */
export interface PoolTaskOptions {
  /** Higher starts first; equal keeps the order of acceptance. Any finite number. @defaultValue 0 */
  priority?: number
  /**
   * Aborting it cancels the task. If it is not accepted yet, nothing is accepted, and the call rejects with
   * {@link CancelledError}.
   */
  signal?: AbortSignal
  /**
   * How long the task may run, in ms; then its signal is aborted and its promise rejects with TimeoutError. A task
   * that ignores its signal keeps its slot until it ends. @defaultValue no limit
   */
  timeout?: number
  /** How long a call may wait to be accepted, in ms; then it rejects with QueueFullError. @defaultValue no limit */
  submitTimeout?: number
}

export interface PoolMapOptions {
  /** false: results in the order in which they are ready. @defaultValue true */
  ordered?: boolean
  /** Items read ahead of the result that is asked for. @defaultValue `size + queueSize` */
  lookAhead?: number
}

export interface PoolShutdownOptions {
  /** Cancel tasks that have not started. @defaultValue false */
  cancelPending?: boolean
  /**
   * ms to wait at most; then signals of running tasks are aborted, and what is unsettled is rejected with
   * {@link ExecutorClosedError}. @defaultValue no limit
   */
  timeout?: number
}

/** The options with their defaults. */
export interface ResolvedPoolOptions {
  readonly size: number
  readonly queueSize: number
  readonly name: string
  readonly rate: { readonly tasks: number; readonly per: number } | undefined
  readonly onError: 'report' | 'ignore' | ErrorHandler
}

const poolChecks: Record<keyof AsyncPoolOptions, Check> = {
  size: checkSize,
  queueSize: (what, value) => checkInteger(what, value, 0, mostQueued),
  name: checkName,
  rate: checkRate,
  onError: checkOnError,
}

const taskChecks: Record<keyof PoolTaskOptions, Check> = {
  priority: checkFinite,
  signal: (what, value) => {
    if (!(value instanceof AbortSignal)) throw invalidType(what, 'an AbortSignal', value)
  },
  timeout: checkMilliseconds,
  submitTimeout: checkMilliseconds,
}

export function resolvePoolOptions(given: AsyncPoolOptions | number): ResolvedPoolOptions {
  const options = checkOptions(typeof given === 'number' ? { size: given } : given, poolChecks)
  checkSize('options.size', options.size)
  const { size, queueSize = size, name = 'async-pool', rate, onError = 'report' } = options
  return { size, queueSize, name, rate: rate && { ...rate }, onError }
}

export function checkSize(what: string, value: unknown): void {
  checkInteger(what, value, 1, mostRunning)
}

export function checkPoolTaskOptions(options: PoolTaskOptions): PoolTaskOptions {
  return checkOptions(options, taskChecks)
}

export function checkPoolMapOptions(options: PoolMapOptions): PoolMapOptions {
  return checkOptions(options, {
    ordered: checkBoolean,
    lookAhead: (what, value) => checkInteger(what, value, 1, mostQueued),
  })
}

export function checkPoolShutdownOptions(options: PoolShutdownOptions): PoolShutdownOptions {
  return checkOptions(options, { cancelPending: checkBoolean, timeout: checkMilliseconds })
}

function checkRate(what: string, value: unknown): void {
  checkObject(what, value)
  const { tasks, per, ...others } = value as { tasks?: unknown; per?: unknown }
  for (const [key, given] of Object.entries(others))
    if (given !== undefined) throw invalidType(`${what}.${key}`, 'left out: it has tasks and per', given)
  checkInteger(`${what}.tasks`, tasks, 1, mostInWindow)
  checkMilliseconds(`${what}.per`, per)
  if (!Number.isFinite(per)) throw outOfRange(`${what}.per`, 'a finite number of milliseconds', per)
}
