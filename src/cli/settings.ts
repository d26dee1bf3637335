import { realpathSync, statSync } from 'node:fs'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
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
  checkFiles(options)
  const queueSize = rate === undefined ? (options.queueSize ?? size) : 0
  return { ...options, module: moduleOf(module), fn, format, queueSize }
}

/** `tasks.mjs` means that file, where there is one, and not a package of that name. */
function moduleOf(module: string): string {
  const isFile = !isAbsolute(module) && statSync(module, { throwIfNoEntry: false })?.isFile() === true
  return isFile && !/^\.\.?[/\\]/.test(module) ? `./${module}` : module
}

/** Two streams into one file would overwrite each other. */
function checkFiles({ input, output, errors, checkpoint, report }: RunOptions): void {
  const owners = new Map<string, string>()
  for (const [option, path] of Object.entries({ input, output, errors, checkpoint, report })) {
    if (path === undefined || path.startsWith('/dev/')) continue
    const file = realFile(path)
    const owner = owners.get(file)
    if (owner !== undefined) throw new UsageError(`--${owner} and --${option} are the same file, ${path}`)
    owners.set(file, option)
  }
}

/** A file that is not there yet is known by its folder. */
function realFile(path: string): string {
  for (const look of [
    () => realpathSync(path),
    () => join(realpathSync(dirname(resolve(path))), basename(path)),
  ]) {
    try {
      return look()
    } catch {
      // It, or its folder, does not exist; whoever opens it says so.
    }
  }
  return resolve(path)
}
