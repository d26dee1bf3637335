import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { WorkerFileNotFoundError } from '../channel/errors.js'

/** The file of the built package that this code is in, whatever folders the sources are in. */
const builtAs = 'bridge.js'

/** Where a bundle looks for the files of its threads: a folder that cannot hold a worker.js of somebody else. */
const besideBundle = 'async-pool-executor'

/**
 * The path of a file that a thread starts from. Looked at before it is used: a thread whose file is missing says so
 * in an event, which a blocked caller never sees.
 *
 * @param name - of a file in dist/, such as 'worker.js'
 * @throws {WorkerFileNotFoundError} if this code is in a bundle that has not been given the files
 */
export function threadFile(name: string): string {
  // A bundle that is an ES module has neither.
  if (typeof __filename === 'undefined' || typeof __dirname === 'undefined')
    throw missing(`'${name}' cannot be found from inside a bundle that is an ES module`)
  const isBundled = basename(__filename) !== builtAs
  const path = isBundled ? join(__dirname, besideBundle, name) : join(__dirname, name)
  if (existsSync(path)) return path
  throw missing(`there is no file '${path}'${isBundled ? `, next to the bundle '${__filename}'` : ''}`)
}

function missing(what: string): WorkerFileNotFoundError {
  return new WorkerFileNotFoundError(
    `the worker thread has no file to start from: ${what}. When bundling, keep 'async-pool-executor' external, or ` +
      "copy its folder dist/ to a folder 'async-pool-executor' beside a CommonJS bundle",
  )
}
