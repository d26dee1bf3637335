import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isError } from '../channel/error-record.js'
import type { InlineFunction } from '../channel/records.js'
import { compileAt } from './import-from.js'

type Call = (...args: unknown[]) => unknown
type Create = (require: NodeJS.Require, setName: typeof nameFunction) => Call

/**
 * Makes a function of its source, in strict mode and, for `import()` and `require`, as in a file beside `base`. Not
 * by `vm` or `eval`, for the reasons that `importFrom` has: this is how Node compiles a CommonJS module.
 */
export function compileInline({ source, base, name }: InlineFunction): Call {
  const file = fileURLToPath(base)
  // In stack traces the name says that line numbers are those of the function and not of the file. It ends like
  // the file's, because loaders of TypeScript look at that.
  const inline = `inline ${/^[\w$]+$/.test(name) ? name : 'function'} in ${basename(file)}`
  // tsx and other users of esbuild wrap functions inside of functions in calls of `__name`.
  const code = `'use strict';module.exports=function(require,__name){return ${source}}`
  const create = compileAt(file, code, join(dirname(file), inline)) as Create
  return create(createRequire(base), nameFunction)
}

function nameFunction(fn: Call, value: string): Call {
  return Object.defineProperty(fn, 'name', { value, configurable: true })
}

/**
 * Adds to the ReferenceError of a variable that stayed behind why it is not there. Also where the variable is a
 * typing error: it cannot be known.
 */
export function explainInline({ source }: InlineFunction, error: unknown): void {
  if (!isError(error) || !(error instanceof ReferenceError)) return
  const { message, stack } = error
  const variable = /^(\S+) is not defined$/.exec(message)?.[1]
  if (variable === undefined || !mentions(source, variable)) return
  const explained = `${message}. ${isHelper(variable) ? helperHint(variable) : captureHint(variable)}`
  Object.defineProperty(error, 'message', { value: explained, configurable: true, writable: true })
  const explainedStack = stack?.replace(message, () => explained)
  Object.defineProperty(error, 'stack', { value: explainedStack, configurable: true, writable: true })
}

function mentions(source: string, variable: string): boolean {
  return source.split(/[^\p{ID_Continue}$]+/u).includes(variable)
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
