import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isFile } from '../files.js'
import { LOADER_FLAG, REQUIRE_ABBR_FLAG } from '../flags.js'

/**
 * What a worker needs to find packages where Yarn's PnP has them, itself included, unless NODE_OPTIONS say it already, as
 * they do under `yarn node`: flags of the process are not handed down.
 */
export function pnpFlags(): string[] {
  if (process.versions.pnp === undefined) return []
  const api = createRequire(__filename).resolve('pnpapi')
  const loader = join(dirname(api), '.pnp.loader.mjs')
  const inherited = process.env.NODE_OPTIONS ?? ''
  return [
    ...(inherited.includes(api) ? [] : [REQUIRE_ABBR_FLAG, api]),
    ...(inherited.includes('.pnp.loader.mjs') || !isFile(loader)
      ? []
      : [LOADER_FLAG, pathToFileURL(loader).href]),
  ]
}
