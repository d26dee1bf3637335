import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ExecutorError, TaskNotFoundError } from '../channel/errors.js'
import { type FunctionAddress, labelOf } from '../channel/records.js'
import { refusedNames } from '../channel/remote-use.js'
import { importFrom } from './import-from.js'
import { unlessStalled } from './stall.js'

export interface LoadedFunction {
  readonly call: (...args: unknown[]) => unknown
  /** What the function is called on, as in `module.fetchPage()`. */
  readonly owner: unknown
}

/** A function by its number: loaded when a task first needs it, called directly from then on. */
export interface FunctionEntry {
  /** What messages call it: `tasks.js#fetchPage`. */
  readonly label: string
  /** Undefined while the module is not loaded; throws TaskNotFoundError. */
  find(): LoadedFunction | undefined
  /** Failures are not kept: a module that was missing may be there at the next task. */
  load(): Promise<LoadedFunction>
}

/** What has been loaded, by address: tasks of a module start in order, whichever function was called first. */
const modules = new Map<string, Exports>()

export function createEntry(address: FunctionAddress, roots: string[] | undefined): FunctionEntry {
  const find = exportsFinder(address)
  let found: LoadedFunction | undefined
  return {
    label: labelOf(address),
    find() {
      const exports = find()
      if (exports !== undefined) found ??= findFunction(exports, address)
      return found
    },
    async load() {
      const exports = await loadExports(address, roots)
      found ??= findFunction(exports, address)
      return found
    },
  }
}

/** What finds the exports of a module; they are undefined while it is not loaded. */
export function exportsFinder(address: FunctionAddress): () => Exports | undefined {
  const key = keyOf(address)
  return () => modules.get(key)
}

export async function loadExports(address: FunctionAddress, roots: string[] | undefined): Promise<Exports> {
  const exports = await unlessStalled(loadModule(address, roots), `a top-level await of ${address.module}`)
  modules.set(keyOf(address), exports)
  return exports
}

function keyOf({ module, base }: FunctionAddress): string {
  return `${module}\n${base}`
}

/** A module's namespace, and its default export if there is one: for CommonJS that is `module.exports`. */
export interface Exports {
  readonly namespace: unknown
  readonly default: unknown
}

async function loadModule({ module, base }: FunctionAddress, roots: string[] | undefined): Promise<Exports> {
  const url = roots === undefined ? module : confine(module, base, roots)
  // A .cjs file can be nothing else; the ES module loader would take some ms more to start.
  if (url.startsWith('file:') && url.endsWith('.cjs')) {
    const exports: unknown = createRequire(url)(fileURLToPath(url))
    return { namespace: { default: exports }, default: exports }
  }
  const namespace = await importModule(url, base)
  return { namespace, default: ownValue(namespace, 'default') }
}

async function importModule(url: string, base: string): Promise<unknown> {
  if (!url.startsWith('file:')) return url.startsWith('node:') ? import(url) : importFrom(base)(url)
  try {
    return await import(url)
  } catch (error) {
    const found = withoutExtension(url, error)
    if (found === undefined) throw error
    return import(found)
  }
}

/** './tasks' and './tasks/' as `require` understands them; undefined if that was not what failed. */
function withoutExtension(url: string, error: unknown): string | undefined {
  const { code } = error as { code?: unknown }
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'ERR_UNSUPPORTED_DIR_IMPORT') return undefined
  const resolved = resolveFrom(url, fileURLToPath(url))
  return resolved === undefined || resolved === fileURLToPath(url) ? undefined : pathToFileURL(resolved).href
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
  const path = module.startsWith('file:') ? fileURLToPath(module) : module
  const file = resolveFrom(base, path)
  const real = file !== undefined && file !== module ? realpathSync(file) : undefined
  if (real === undefined || !roots.some(root => real.startsWith(root.endsWith(sep) ? root : root + sep)))
    throw new ExecutorError(`${module} is not a file inside the executor's roots: ${roots.join(', ')}`)
  return pathToFileURL(real).href
}

/**
 * Own exports only. The names of a CommonJS module that cannot be seen statically are properties of its default
 * export; those that can are both, and `this` is then what it is for callers of `require`.
 */
function findFunction(exports: Exports, address: FunctionAddress): LoadedFunction {
  const named = ownValue(exports.namespace, address.name)
  const property = ownValue(exports.default, address.name)
  if (typeof property === 'function' && (property === named || typeof named !== 'function'))
    return { call: property as LoadedFunction['call'], owner: exports.default }
  if (typeof named === 'function') return { call: named as LoadedFunction['call'], owner: exports.namespace }
  throw notFound(exports, address, named ?? property)
}

/** Own exports, but none whose name leads elsewhere. */
export function isOwn(owner: unknown, key: string): owner is object {
  if (refusedNames.has(key)) return false
  const canOwn = (typeof owner === 'object' && owner !== null) || typeof owner === 'function'
  return canOwn && Object.hasOwn(owner, key)
}

function ownValue(owner: unknown, key: string): unknown {
  return isOwn(owner, key) ? Reflect.get(owner, key) : undefined
}

export function notFound(
  exports: Exports,
  { module, name }: FunctionAddress,
  value: unknown,
): TaskNotFoundError {
  const exported = new Set<string>()
  for (const owner of [exports.namespace, exports.default]) {
    if (typeof owner !== 'object' || owner === null) continue
    for (const key of Object.keys(owner)) if (typeof ownValue(owner, key) === 'function') exported.add(key)
  }
  const problem = value === undefined ? 'no function' : `a ${typeof value} and no function`
  const list = exported.size === 0 ? 'no functions' : [...exported].join(', ')
  return new TaskNotFoundError(`${module} exports ${problem} named '${name}'. It exports: ${list}`)
}
