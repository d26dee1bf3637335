import { createRequire, Module } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TaskNotFoundError } from '../channel/errors.js'

export type TaskFunction = (...args: unknown[]) => unknown

/** A function by its number: loaded when a task first needs it, called directly from then on. */
export interface FunctionEntry {
  /** What messages call it: `tasks.js#fetchPage`. */
  readonly label: string
  /** Set once loaded; `owner` is what it is called on, as in `module.fetchPage()`. */
  loaded: { call: TaskFunction; owner: unknown } | undefined
  /** Failures are not kept: a module that was missing may be there at the next task. */
  load(): Promise<{ call: TaskFunction; owner: unknown }>
}

export function createEntry(module: string, base: string, name: string): FunctionEntry {
  const entry: FunctionEntry = {
    label: labelOf(module, name),
    loaded: undefined,
    async load() {
      const namespace = await loadModule(module, base)
      entry.loaded ??= findFunction(namespace, module, name)
      return entry.loaded
    },
  }
  return entry
}

export function labelOf(module: string, name: string): string {
  return `${module.slice(module.lastIndexOf('/') + 1)}#${name}`
}

function loadModule(module: string, base: string): unknown {
  if (module.startsWith('file:')) {
    // A .cjs file can be nothing else; the ES module loader would take some ms more to start.
    return module.endsWith('.cjs') ? createRequire(module)(fileURLToPath(module)) : import(module)
  }
  return module.startsWith('node:') ? import(module) : importFrom(base)(module)
}

type Import = (specifier: string) => Promise<unknown>
const importers = new Map<string, Import>()

/**
 * `import()` as a file at `base` would do it, so that a package name is looked up from the user's folder and
 * with the `import` condition. Code compiled as a CommonJS module of that path has it without a flag
 * or a warning; `import.meta.resolve` takes a parent, and `vm` the default loader, only as an experiment.
 */
function importFrom(base: string): Import {
  let importer = importers.get(base)
  if (importer === undefined) {
    const filename = fileURLToPath(base)
    const module = new Module(filename) as Module & { _compile(code: string, filename: string): void }
    module.filename = filename
    module.paths = createRequire(filename).resolve.paths('x') ?? [dirname(filename)]
    module._compile('module.exports = specifier => import(specifier)', filename)
    importer = module.exports as Import
    importers.set(base, importer)
  }
  return importer
}

/**
 * Own exports only. The names of a CommonJS module that cannot be seen statically are properties of its default
 * export, which is `module.exports`.
 */
function findFunction(
  namespace: unknown,
  module: string,
  name: string,
): { call: TaskFunction; owner: unknown } {
  const owners = [namespace, ownValue(namespace, 'default')]
  for (const owner of owners) {
    const value = ownValue(owner, name)
    if (typeof value === 'function') return { call: value as TaskFunction, owner }
  }
  throw notFound(owners, module, name)
}

function ownValue(owner: unknown, key: string): unknown {
  const canOwn = (typeof owner === 'object' && owner !== null) || typeof owner === 'function'
  return canOwn && Object.hasOwn(owner, key) ? Reflect.get(owner, key) : undefined
}

function notFound(owners: unknown[], module: string, name: string): TaskNotFoundError {
  const value = owners.map(owner => ownValue(owner, name)).find(found => found !== undefined)
  const exported = new Set<string>()
  for (const owner of owners) {
    if (typeof owner !== 'object' || owner === null) continue
    for (const key of Object.keys(owner)) if (typeof ownValue(owner, key) === 'function') exported.add(key)
  }
  const problem = value === undefined ? 'no function' : `a ${typeof value} and no function,`
  const list = exported.size === 0 ? 'no functions' : [...exported].join(', ')
  return new TaskNotFoundError(`${module} exports ${problem} named '${name}'. It exports: ${list}`)
}
