import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Where an executor was constructed. */
export interface Site {
  /**
   * The `file:` URL of the file; of a file in the working directory where code has no file, as in a REPL or
   * `node -e`.
   */
  readonly file: string
  /** File, line and column. */
  readonly position: string
}

type Constructor = abstract new (...args: never[]) => unknown

/**
 * The site is the caller of a constructor.
 *
 * @param outermost - `new.target`: of a subclass, what counts is who constructed that
 * @param inner - the constructor that is running, in case the engine has no frame for the other
 */
export function callSite(outermost: Constructor, inner: Constructor): Site {
  const site = firstFile(outermost) ?? firstFile(inner)
  const name = site?.getFileName()
  const file = name?.startsWith('file:')
    ? name
    : pathToFileURL(name && isAbsolute(name) ? name : join(process.cwd(), 'base')).href
  return { file, position: `${file}:${site?.getLineNumber()}:${site?.getColumnNumber()}` }
}

function firstFile(below: Constructor): NodeJS.CallSite | undefined {
  return callSites(below).find(site => {
    const file = site.getFileName()
    return file != null && !file.startsWith('node:')
  })
}

function callSites(below: Constructor): NodeJS.CallSite[] {
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
