import { readFileSync } from 'node:fs'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inspect } from 'node:util'
import { invalidType } from '../../channel/validate.js'
import { isFile } from '../files.js'
import type { PackageJson } from '../types.js'

/** The file that a worker runs. */
export interface WorkerFile {
  readonly path: string
  readonly isTypeScript: boolean
  /** Whether Node takes it for an ES module. */
  readonly isEsm: boolean
}

/**
 * The file behind the path of a worker: `./worker` and `./worker.js` are `worker.ts` if there is such a file, so that
 * the same path is right before and after a build. Packages that are installed are taken as they are.
 */
export function findWorkerFile(workerPath: string): WorkerFile {
  const path = withSource(workerPath)
  return { path, isTypeScript: /\.[cm]?ts$/.test(path), isEsm: isEsm(path) }
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE, or ERR_INVALID_URL_SCHEME for a URL that is of no file */
export function pathOf(workerPath: unknown): string {
  if (workerPath instanceof URL) return fileURLToPath(workerPath)
  if (typeof workerPath !== 'string')
    throw invalidType('workerPath', 'an absolute path or a file: URL', workerPath)
  return workerPath.startsWith('file://') ? fileURLToPath(workerPath) : workerPath
}

export function notAbsolute(workerPath: string): TypeError {
  const error = new TypeError(`\`workerPath\` must be absolute. Received ${inspect(workerPath)}`)
  return Object.assign(error, { code: 'ERR_INVALID_ARG_VALUE' })
}

const sourcesOf: Record<string, string[]> = {
  '': ['.ts', '.js', ''],
  '.js': ['.ts', '.js'],
  '.cjs': ['.cts', '.cjs'],
  '.mjs': ['.mts', '.mjs'],
}

function withSource(path: string): string {
  const extension = extname(path)
  const sources = sourcesOf[extension]
  if (sources === undefined || /[/\\]node_modules[/\\]/.test(path)) return path
  const stem = path.slice(0, path.length - extension.length)
  return sources.map(source => stem + source).find(isFile) ?? path
}

function isEsm(path: string): boolean {
  const extension = extname(path)
  if (/^\.[cm]/.test(extension)) return extension.startsWith('.m')
  return packageType(dirname(path)) === 'module'
}

/** As Node decides: by the nearest package.json. */
function packageType(folder: string): PackageJson['type'] {
  const manifest = join(folder, 'package.json')
  if (isFile(manifest)) return (JSON.parse(readFileSync(manifest, 'utf8')) as PackageJson).type
  const parent = dirname(folder)
  return parent === folder ? undefined : packageType(parent)
}
