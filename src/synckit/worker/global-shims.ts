import { createRequire } from 'node:module'
import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import { importFrom } from '../../worker/import-from.js'
import type { GlobalShim } from '../types.js'

/**
 * Loads the shims one by one, as the worker file would import or require them, and sets the globals that they are for.
 * One that cannot be found is left out; one that fails to load is a failure.
 */
export async function applyGlobalShims(
  shims: readonly GlobalShim[],
  file: string,
  isEsm: boolean,
): Promise<void> {
  for (const shim of shims) {
    const exports = isEsm ? await importShim(shim, file) : requireShim(shim, file)
    if (exports !== undefined) setGlobal(shim, exports, isEsm)
  }
}

function requireShim({ moduleName }: GlobalShim, file: string): unknown {
  const require = createRequire(file)
  try {
    require.resolve(moduleName)
  } catch {
    return undefined // not there, which is what a shim is allowed to be
  }
  return require(moduleName)
}

async function importShim({ moduleName }: GlobalShim, file: string): Promise<unknown> {
  try {
    return await importFrom(pathToFileURL(file).href)(
      isAbsolute(moduleName) ? pathToFileURL(moduleName).href : moduleName,
    )
  } catch (error) {
    if (isUnresolved(error, file)) return undefined
    throw error
  }
}

/**
 * Whether it was the worker file's own import that could not be resolved, and not one further down. The code is the
 * same; where it happened is only in the message, `… imported from /path/worker.mjs`, seen on Node 20 to 26.
 */
function isUnresolved(error: unknown, file: string): boolean {
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown }
  return (
    typeof code === 'string' && code.startsWith('ERR_') && String(message).includes(`imported from ${file}`)
  )
}

function setGlobal({ globalName, named, conditional }: GlobalShim, exports: unknown, isEsm: boolean): void {
  if (!globalName || (conditional !== false && Reflect.get(globalThis, globalName))) return
  Reflect.set(globalThis, globalName, isEsm ? esmExport(exports, named) : commonJsExport(exports, named))
}

function commonJsExport(exports: unknown, named: string | null | undefined): unknown {
  const name = named?.trim()
  return name ? Reflect.get(Object(exports), name) : exports
}

function esmExport(namespace: unknown, named: string | null | undefined): unknown {
  if (named === null) return namespace
  const name = named?.trim() || 'default'
  const exports = Object(namespace)
  if (!(name in exports)) throw new SyntaxError(`a global shim does not provide an export named '${name}'`)
  return exports[name]
}
