import { createRequire, Module } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { importFrom } from '../../worker/import-from.js'
import type { WorkerSetup } from '../registration.js'
import { applyGlobalShims } from './global-shims.js'

/** Loads a worker file, and before it what it needs. */
export async function loadFile({ file, isEsm, globalShims, usesTsx }: WorkerSetup): Promise<void> {
  if (usesTsx) await registerTsx(file)
  await applyGlobalShims(globalShims, file, isEsm)
  if (isEsm) await import(pathToFileURL(file).href)
  else await loadCommonJs(file)
}

/** What `require` refuses is an ES module after all, by its syntax. */
async function loadCommonJs(file: string): Promise<void> {
  if (/\.[cm]?ts$/.test(file)) defineModuleGlobals(file)
  try {
    createRequire(file)(file)
  } catch (error) {
    const { code } = (error ?? {}) as { code?: unknown }
    if (code !== 'ERR_REQUIRE_ESM' && code !== 'ERR_REQUIRE_ASYNC_MODULE') throw error
    await import(pathToFileURL(file).href)
  }
}

/**
 * What a compiler makes of CommonJS may be an ES module: ts-node does as its tsconfig says. The code then finds these as
 * globals, as it would in synckit, whose worker files run below an evaluated script. CommonJS modules have their own.
 */
function defineModuleGlobals(file: string): void {
  const module = new Module(file)
  const values = {
    require: createRequire(file),
    module,
    exports: module.exports as unknown,
    __filename: file,
    __dirname: dirname(file),
  }
  for (const [name, value] of Object.entries(values))
    if (!(name in globalThis))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true })
}

/**
 * The flag `--import tsx` does nothing in a worker of Node 20 (privatenumber/tsx#354), its API does. As an ES module: the
 * CommonJS form of `tsx/esm/api` does not find its own files.
 */
async function registerTsx(file: string): Promise<void> {
  for (const system of ['cjs', 'esm']) {
    const { register } = (await importFromEither(`tsx/${system}/api`, file)) as { register(): void }
    register()
  }
}

/** From the worker file, or from the working directory, where Node would look for a flag. */
async function importFromEither(specifier: string, file: string): Promise<unknown> {
  try {
    return await importFrom(pathToFileURL(file).href)(specifier)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw error
    return importFrom(pathToFileURL(join(process.cwd(), 'base')).href)(specifier)
  }
}
