import { moduleOf } from './module.js'
import { UsageError } from './usage-error.js'

export type Format = 'lines' | 'ndjson' | 'csv'

/** The options of `async-pool run` as they were given, parsed. */
export interface RunOptions {
  input?: string
  format?: Format
  spread?: boolean
  size: number
  queueSize?: number
  timeout?: number
  retries: number
  retryDelay: number
  /** ms from one call to the next. */
  rate?: number
  offload?: boolean
  envFile?: string[]
  ordered?: boolean
  failFast?: boolean
  output?: string
  errors?: string
  values?: boolean
  quiet?: boolean
  checkpoint?: string
  report?: string
}

/** The same with what follows from one another filled in. */
export interface Settings extends RunOptions {
  module: string
  fn: string
  format: Format
  queueSize: number
}

/** @throws {UsageError} if options contradict each other */
export function settle(module: string, fn: string, options: RunOptions): Settings {
  const { rate, spread, size, format = spread ? 'ndjson' : 'lines' } = options
  if (spread && format !== 'ndjson')
    throw new UsageError(`--spread takes rows that are JSON arrays: leave out --format ${format}`)
  // A queue would let calls pile up while all slots are taken, and then start them faster than the rate.
  if (rate !== undefined && options.queueSize !== undefined)
    throw new UsageError('--rate starts each call at its time, without a queue: leave out --queue-size')
  const queueSize = rate === undefined ? (options.queueSize ?? size) : 0
  return { ...withoutStreams(options), module: moduleOf(module), fn, format, queueSize }
}

/** `-` is what is read and written without the option: stdin, stdout. */
function withoutStreams({ input, output, ...options }: RunOptions): RunOptions {
  return {
    ...(input !== undefined && input !== '-' && { input }),
    ...options,
    ...(output !== undefined && output !== '-' && { output }),
  }
}
