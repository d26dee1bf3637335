import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { types } from 'node:util'
import type { InlineFunction } from '../channel/records.js'
import { compileAt, importFrom } from './import-from.js'

type Call = (...args: unknown[]) => unknown
type Create = (filename: string, require: NodeJS.Require, nameIt: typeof nameFunction, importIt: Call) => Call

/**
 * Makes a function of its source, in strict mode and, for `import()` and `require`, as in a file beside `base`. Two
 * helpers are there that compilers put into functions: that of esbuild, and so of tsx, which wraps functions inside of
 * functions, and that of Vite, and so of Vitest, which replaces `import()`.
 */
export function compileInline({ source, base, name }: InlineFunction): Call {
  const file = fileURLToPath(base)
  // In stack traces the name says that line numbers are those of the function and not of the file. It ends like
  // the file's, because loaders of TypeScript look at that.
  const inline = `inline ${/^[\w$]+$/.test(name) ? name : 'function'} in ${basename(file)}`
  // Declared and never reached, the names of CommonJS that would be wrong are ReferenceErrors, as all that stayed behind.
  const code = `'use strict';module.exports=function(${given}){return ${source};let module,exports}`
  const create = compileAt(file, code, join(dirname(file), inline)) as Create
  const importOfVite = (specifier: unknown) => importFrom(base)(fileOfVite(specifier as string))
  return create(file, createRequire(base), nameFunction, importOfVite)
}

const given = '__filename,require,__name,__vite_ssr_dynamic_import__'

function nameFunction(fn: Call, value: string): Call {
  return Object.defineProperty(fn, 'name', { value, configurable: true })
}

/** Vite has resolved what it imports: to '/@fs/' and a path, or to a path within its root, by default this folder. */
function fileOfVite(specifier: string): string {
  if (!specifier.startsWith('/') || existsSync(specifier)) return specifier
  const path = specifier.startsWith('/@fs/') ? specifier.slice('/@fs'.length) : join(process.cwd(), specifier)
  return pathToFileURL(path).href
}

/**
 * Adds to the ReferenceError of a variable that stayed behind why it is not there. Also where the variable is a
 * typing error: it cannot be known.
 */
export function explainInline({ source }: InlineFunction, error: unknown): void {
  // No proxy, nor an object that has one above it: looking at it runs nothing of the task's.
  if (!types.isNativeError(error) || Object.getPrototypeOf(error) !== ReferenceError.prototype) return
  const message: unknown = Object.getOwnPropertyDescriptor(error, 'message')?.value
  if (typeof message !== 'string') return
  const variable = missing.exec(message)?.slice(1).find(Boolean)
  if (variable === undefined || !mentions(source, variable)) return
  const hint = isHelper(variable) ? helperHint(variable) : captureHint(variable)
  const explained = `${variable} is not defined. ${hint}`
  const stack = stackOf(error)?.replace(message, () => explained)
  // Not by `Object.defineProperty`, which throws if the error is frozen.
  Reflect.defineProperty(error, 'message', { value: explained, configurable: true, writable: true })
  if (stack !== undefined)
    Reflect.defineProperty(error, 'stack', { value: stack, configurable: true, writable: true })
}

const missing = /^(\S+) is not defined$|^Cannot access '(module|exports)' before initialization$/

function stackOf(error: Error): string | undefined {
  try {
    return error.stack
  } catch {
    return undefined // the task's module has an Error.prepareStackTrace that throws
  }
}

function mentions(source: string, variable: string): boolean {
  // biome-ignore lint/complexity/useRegexLiterals: V8 looks up the classes of a literal when it reads the file, 0.5 ms
  const between = new RegExp('[^\\p{ID_Continue}$]+', 'u')
  return source.split(between).includes(variable)
}

/** `__awaiter`, `_async_to_generator`, `fs_1`, `import_node_fs`, `__vite_ssr_import_0__`, `cov_1x2y`. */
function isHelper(variable: string): boolean {
  return /^_|_\d+$|^import_|^cov_/.test(variable)
}

const travel = 'A function that is submitted itself travels as its source text, without its surroundings'

function captureHint(variable: string): string {
  return `${travel}: hand '${variable}' over in the arguments, or import or define it inside the function`
}

function helperHint(variable: string): string {
  return (
    `${travel}, and '${variable}' looks like a helper that a compiler, bundler or test runner has put into it: ` +
    'put the function into a module and submit it by name'
  )
}
