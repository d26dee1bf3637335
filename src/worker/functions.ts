import { join } from 'node:path'
import { TaskNotFoundError } from '../channel/errors.js'
import {
  type FunctionAddress,
  type InlineFunction,
  labelOf,
  type ModuleFunction,
} from '../channel/records.js'
import { compileInline, explainInline } from './inline.js'
import { type Exports, loadModule, ownValue } from './modules.js'
import { unlessStalled } from './stall.js'
import { importsNeedTsx, useTsx } from './typescript.js'

export interface LoadedFunction {
  readonly call: (...args: unknown[]) => unknown
  /** What the function is called on, as in `module.fetchPage()`. */
  readonly owner: unknown
}

/** A function by its number: loaded when a task first needs it, called directly from then on. */
export interface FunctionEntry {
  readonly address: FunctionAddress
  /** What messages call it: `tasks.js#fetchPage`. */
  readonly label: string
  /** Undefined while the module is not loaded; throws TaskNotFoundError. */
  find(): LoadedFunction | undefined
  /** Failures are not kept: a module that was missing may be there at the next task. */
  load(): Promise<LoadedFunction>
  /** Adds to an error of the function what its author should know. */
  explain?(error: unknown): void
}

/** What has been loaded, by address: tasks of a module start in order, whichever function was called first. */
const modules = new Map<string, Exports>()

export function createEntry(address: FunctionAddress, roots: string[] | undefined): FunctionEntry {
  return address.kind === 'inline' ? inlineEntry(address) : moduleEntry(address, roots)
}

/** It cannot import that before it runs, when it is too late for the call to be seen as a task's. */
const mentionsTaskContext = /async-pool-executor\/task/

/** Compiled when it is first called. It is the caller's own code: `roots` does not apply to it. */
function inlineEntry(address: InlineFunction): FunctionEntry {
  let compiled: LoadedFunction | undefined
  if (mentionsTaskContext.test(address.source)) require(join(__dirname, 'task.js'))
  let isReady = !importsNeedTsx(address.source, address.base)
  const compile = () => {
    compiled ??= { call: compileInline(address), owner: undefined }
    return compiled
  }
  return {
    address,
    label: labelOf(address),
    find: () => (isReady ? compile() : undefined),
    async load() {
      await useTsx(address.base) // without it, the imports say themselves what is wrong
      isReady = true
      return compile()
    },
    explain: error => explainInline(address, error),
  }
}

function moduleEntry(address: ModuleFunction, roots: string[] | undefined): FunctionEntry {
  const find = exportsFinder(address)
  let found: LoadedFunction | undefined
  return {
    address,
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
export function exportsFinder(address: ModuleFunction): () => Exports | undefined {
  const key = keyOf(address)
  return () => modules.get(key)
}

export async function loadExports(address: ModuleFunction, roots: string[] | undefined): Promise<Exports> {
  // That is also all that is seen of a function `then`: to import() the module is a promise.
  const what = `a top-level await of ${address.module}, or a function named 'then' that it exports,`
  const exports = await unlessStalled(loadModule(address, roots), what)
  modules.set(keyOf(address), exports)
  return exports
}

function keyOf({ module, base }: ModuleFunction): string {
  return `${module}\n${base}`
}

/**
 * Own exports only. The names of a CommonJS module that cannot be seen statically are properties of its default
 * export; those that can are both, and `this` is then what it is for callers of `require`.
 */
function findFunction(exports: Exports, address: ModuleFunction): LoadedFunction {
  const named = ownValue(exports.namespace, address.name)
  const property = ownValue(exports.default, address.name)
  if (typeof property === 'function' && (property === named || typeof named !== 'function'))
    return { call: property as LoadedFunction['call'], owner: exports.default }
  if (typeof named === 'function') return { call: named as LoadedFunction['call'], owner: exports.namespace }
  const compiled = ownValue(exports.compiledDefault, address.name)
  if (typeof compiled === 'function')
    return { call: compiled as LoadedFunction['call'], owner: exports.compiledDefault }
  throw notFound(exports, address, named ?? property ?? compiled)
}

export function notFound(
  exports: Exports,
  { module, name }: ModuleFunction,
  value: unknown,
): TaskNotFoundError {
  const exported = new Set<string>()
  for (const owner of [exports.namespace, exports.default, exports.compiledDefault]) {
    if (typeof owner !== 'object' || owner === null) continue
    for (const key of Object.keys(owner)) if (typeof ownValue(owner, key) === 'function') exported.add(key)
  }
  const problem = value === undefined ? 'no function' : `a ${typeof value} and no function`
  const list = exported.size === 0 ? 'no functions' : [...exported].join(', ')
  return new TaskNotFoundError(`${module} exports ${problem} named '${name}'. It exports: ${list}`)
}
