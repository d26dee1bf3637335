import { existsSync, realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ExecutorError } from '../channel/errors.js'
import type { ModuleFunction } from '../channel/records.js'
import { refusedNames } from '../channel/remote-use.js'
import { importFrom } from './import-from.js'
import { importTypeScript } from './typescript.js'
import { isTypeScript, typeScriptFile } from './typescript-files.js'

/** A module's namespace, and its default export if there is one: for CommonJS that is `module.exports`. */
export interface Exports {
  readonly namespace: unknown
  readonly default: unknown
  /** What an ES module exports by default that a compiler has made a CommonJS module of. */
  readonly compiledDefault: unknown
}

export async function loadModule(
  { module, base }: ModuleFunction,
  roots: string[] | undefined,
): Promise<Exports> {
  const url = roots === undefined ? module : confine(module, base, roots)
  if (!url.startsWith('file:'))
    return exportsOf(await (url.startsWith('node:') ? import(url) : importFrom(base)(url)))
  try {
    return await loadFile(url, base)
  } catch (error) {
    const found = otherName(url, error)
    if (found === undefined) throw error
    return loadFile(found, base)
  }
}

async function loadFile(url: string, base: string): Promise<Exports> {
  if (isTypeScript(url)) return exportsOf(await importTypeScript(url, base))
  if (!url.endsWith('.cjs')) return exportsOf(await import(url))
  // A .cjs file can be nothing else; the ES module loader would take some ms more to start.
  const exports: unknown = createRequire(url)(fileURLToPath(url))
  return exportsOf({ default: exports })
}

function exportsOf(namespace: unknown): Exports {
  const exported = ownValue(namespace, 'default')
  const isCompiled = ownValue(exported, '__esModule') === true
  return {
    namespace,
    default: exported,
    compiledDefault: isCompiled ? ownValue(exported, 'default') : undefined,
  }
}

/**
 * './tasks' and './tasks/' as `require` understands them, and './tasks.js' where there is only its source, tasks.ts;
 * undefined if that was not what failed.
 */
function otherName(url: string, error: unknown): string | undefined {
  const path = fileURLToPath(url)
  // Users' loaders have errors of their own for what is not there.
  const isDirectory = (error as { code?: unknown } | undefined)?.code === 'ERR_UNSUPPORTED_DIR_IMPORT'
  if (existsSync(path) && !isDirectory) return undefined
  const found = findFile(url, path)
  return found === undefined || found === path ? undefined : pathToFileURL(found).href
}

function findFile(base: string, path: string): string | undefined {
  return resolveFrom(base, path) ?? typeScriptFile(path)
}

function resolveFrom(base: string, specifier: string): string | undefined {
  try {
    return createRequire(base).resolve(specifier)
  } catch {
    return undefined // the error of `import()` says it better
  }
}

/**
 * The real file behind a module, if it is inside one of the folders. Symbolic links count as what they point to,
 * and what has no file (a builtin, an unresolvable name) is in no folder.
 */
function confine(module: string, base: string, roots: string[]): string {
  const file = module.startsWith('file:') ? findFile(base, fileURLToPath(module)) : resolveFrom(base, module)
  const real = file !== undefined && file !== module ? realpathSync(file) : undefined
  if (real === undefined || !roots.some(root => real.startsWith(root.endsWith(sep) ? root : root + sep)))
    throw new ExecutorError(`${module} is not a file inside the executor's roots: ${roots.join(', ')}`)
  return pathToFileURL(real).href
}

/** Own exports, but none whose name leads elsewhere. */
export function isOwn(owner: unknown, key: string): owner is object {
  if (refusedNames.has(key)) return false
  const canOwn = (typeof owner === 'object' && owner !== null) || typeof owner === 'function'
  return canOwn && Object.hasOwn(owner, key)
}

export function ownValue(owner: unknown, key: string): unknown {
  return isOwn(owner, key) ? Reflect.get(owner, key) : undefined
}
