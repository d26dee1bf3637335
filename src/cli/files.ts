import { type BigIntStats, fstatSync, readlinkSync, realpathSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { addressOf } from '../bridge/function-names.js'
import { typeScriptFile } from '../worker/typescript-files.js'
import { baseUrl } from './module.js'
import type { Settings } from './settings.js'
import { UsageError } from './usage-error.js'

/** A file of the run, as messages name it. */
interface RunFile {
  readonly name: string
  /** As it was given; undefined for streams that have been redirected. */
  readonly path: string | undefined
  readonly isWritten: boolean
  /** What tells it from other files; undefined for what has no content of its own, such as pipes. */
  readonly key: string | undefined
  /** It is one of the command's streams, which may have two uses: what is written appends. */
  readonly isStream: boolean
}

/**
 * Two streams into one file would overwrite each other, and one into what the run reads would destroy it.
 *
 * @throws {UsageError}
 */
export function checkFiles(settings: Settings): void {
  const files = filesOf(settings).filter(({ key }) => key !== undefined)
  for (const [position, file] of files.entries()) {
    const other = files.slice(0, position).find(earlier => isClash(earlier, file))
    if (other !== undefined)
      throw new UsageError(
        `${other.name} and ${file.name} are the same file, ${file.path ?? other.path ?? 'by redirection'}`,
      )
  }
}

function isClash(one: RunFile, other: RunFile): boolean {
  return one.key === other.key && (one.isWritten || other.isWritten) && !(one.isStream && other.isStream)
}

function filesOf(settings: Settings): RunFile[] {
  const { input, output, errors, checkpoint, report, envFile = [] } = settings
  const module = fileOf(settings)
  return [
    ...(module === undefined ? [] : [fileAt('the module', module, false)]),
    ...envFile.map(path => fileAt('--env-file', path, false)),
    input === undefined ? streamOf('stdin', 0) : fileAt('--input', input, false),
    output === undefined ? streamOf('stdout', 1) : fileAt('--output', output, true),
    ...Object.entries({ errors, checkpoint, report }).flatMap(([option, path]) =>
      path === undefined ? [] : [fileAt(`--${option}`, path, true)],
    ),
    ...(checkpoint === undefined ? [] : [fileAt('--checkpoint', temporaryOf(realFile(checkpoint)), true)]),
  ]
}

/** What a checkpoint is written to before it is renamed. */
export function temporaryOf(checkpoint: string): string {
  return `${checkpoint}.tmp`
}

/** The command's stdout and stderr by their names, by which the system would open what is behind them at its beginning. */
export function descriptorAt(path: string): 1 | 2 | undefined {
  if (path === '/dev/stdout' || path === '/dev/fd/1') return 1
  return path === '/dev/stderr' || path === '/dev/fd/2' ? 2 : undefined
}

function streamOf(name: string, descriptor: 0 | 1 | 2): RunFile {
  const stats = look(() => fstatSync(descriptor, { bigint: true }))
  const key = stats?.isFile() ? inodeOf(stats) : undefined
  return { name, path: undefined, isWritten: descriptor > 0, key, isStream: descriptor > 0 }
}

function fileAt(name: string, path: string, isWritten: boolean): RunFile {
  const descriptor = isWritten ? descriptorAt(path) : undefined
  if (descriptor !== undefined) return { ...streamOf(name, descriptor), path }
  return { name, path, isWritten, key: keyOf(path), isStream: false }
}

/** Links, hard ones too, are told by what they lead to; what is not there yet by its place. */
function keyOf(path: string): string | undefined {
  const stats = look(() => statSync(path, { bigint: true }))
  if (stats?.isFile()) return inodeOf(stats)
  return path.startsWith('/dev/') ? undefined : realFile(path)
}

function inodeOf({ dev, ino }: BigIntStats): string {
  return `${dev}:${ino}`
}

/** Links may lead to what is not there yet. A file that is not there is known by its folder. */
function realFile(path: string): string {
  const real = look(() => realpathSync(path))
  if (real !== undefined) return real
  const folder = look(() => realpathSync(dirname(resolve(path)))) ?? dirname(resolve(path))
  const target = look(() => readlinkSync(path))
  // A circle of links has another error than that there is no such file.
  if (target !== undefined && isMissing(path)) return realFile(resolve(folder, target))
  return join(folder, basename(path))
}

function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}

/** The module's file, if it is in one that can be found without loading anything. */
function fileOf({ module, fn }: Settings): string | undefined {
  const { module: url, base } = addressOf(module, fn, baseUrl())
  if (url.startsWith('node:')) return undefined
  const name = url.startsWith('file:') ? fileURLToPath(url) : url
  const found = look(() => createRequire(base).resolve(name))
  return found ?? (url === name ? undefined : (typeScriptFile(name) ?? name))
}

/** Undefined for what is not there, or does not let itself be looked at: whoever opens it says so. */
function look<T>(at: () => T): T | undefined {
  try {
    return at()
  } catch {
    return undefined
  }
}
