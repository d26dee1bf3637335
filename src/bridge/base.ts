import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'

type Constructor = abstract new (...args: never[]) => unknown

/**
 * The `file:` URL of the file that called a constructor; of a file in the working directory where code has no file, as
 * in a REPL or `node -e`.
 *
 * @param outermost - `new.target`: of a subclass, what counts is who constructed that
 * @param inner - the constructor that is running, in case the engine has no frame for the other
 */
export function callerFile(outermost: Constructor, inner: Constructor): string {
  return toUrl(firstFile(outermost) ?? firstFile(inner))
}

/** The same for a function. */
export function callerFileOf(fn: (...args: never[]) => unknown): string {
  return toUrl(firstFile(fn))
}

function toUrl(name: string | undefined): string {
  if (name?.startsWith('file:')) return name
  return pathToFileURL(name !== undefined && isAbsolute(name) ? name : join(process.cwd(), 'base')).href
}

function firstFile(below: Constructor | ((...args: never[]) => unknown)): string | undefined {
  return callSites(below)
    .map(site => site.getFileName() ?? undefined)
    .find(file => file !== undefined && !file.startsWith('node:'))
}

function callSites(below: Constructor | ((...args: never[]) => unknown)): NodeJS.CallSite[] {
  if (Object.isFrozen(Error)) return [] // by --frozen-intrinsics: then the working directory must do
  const { prepareStackTrace, stackTraceLimit } = Error
  Error.prepareStackTrace = (_error, sites) => sites
  Error.stackTraceLimit = 10
  try {
    const holder: { stack?: NodeJS.CallSite[] } = {}
    Error.captureStackTrace(holder, below)
    return Array.isArray(holder.stack) ? holder.stack : []
  } finally {
    // Assigning undefined is not the same as never having been set: source map support looks at the property.
    if (prepareStackTrace === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace')
    else Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
}
