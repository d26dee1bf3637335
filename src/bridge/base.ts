import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * The `file:` URL of the file that called the constructor `below`; of a file in the working directory where code has no file,
 * as in a REPL or `node -e`.
 *
 * @param below - frames above and including its call are left out
 */
export function callerFile(below: abstract new (...args: never[]) => unknown): string {
  const name = callSites(below)
    .map(site => site.getFileName())
    .find(file => file != null && !file.startsWith('node:'))
  if (name?.startsWith('file:')) return name
  return pathToFileURL(name && isAbsolute(name) ? name : join(process.cwd(), 'base')).href
}

function callSites(below: abstract new (...args: never[]) => unknown): NodeJS.CallSite[] {
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
