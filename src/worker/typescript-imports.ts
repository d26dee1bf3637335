import { realpathSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { isTypeScript } from './typescript-files.js'

/*
 * Node keeps modules that failed to load, and gives their errors to whatever imports them again. When tsx takes
 * over from Node's own TypeScript, all that has not been loaded by then gets other URLs; what has been keeps its own,
 * so that there is still one copy of it.
 */

interface Resolution {
  url: string
}
interface Context {
  parentURL?: string
  conditions: string[]
}
type Resolve = (specifier: string, context: Context) => Resolution
type RegisterHooks = (hooks: {
  resolve(specifier: string, context: Context, next: Resolve): Resolution
}) => void

/** From Node 22.15 on, and so where types are stripped without a flag. */
const registerHooks = (nodeModule as { registerHooks?: RegisterHooks }).registerHooks

/** The files of TypeScript that each module imports. */
const imports = new Map<string, Set<string>>()
/** The task modules that Node has loaded by itself. */
const loaded = new Set<string>()
/** They and their imports, once tsx has taken over. */
let own: ReadonlySet<string> | undefined
let isWatching = false

export function watchImports(): void {
  if (isWatching) return
  isWatching = true
  registerHooks?.({
    resolve(specifier, context, next) {
      const resolution = next(specifier, context)
      const { parentURL = '' } = context
      if (isTypeScript(resolution.url)) importsOf(parentURL).add(resolution.url)
      return resolution
    },
  })
}

export function noteLoaded(url: string): void {
  loaded.add(pathToFileURL(realpathSync(fileURLToPath(url))).href)
  if (own !== undefined) own = withImports(loaded) // it began to load before
}

/** To be called once the hooks of tsx are there: these come before them. */
export function keepApart(): void {
  own = withImports(loaded)
  const { cache } = nodeModule.createRequire(__filename)
  // Node looks for the exports of CommonJS before it runs it, and keeps what it found, or did not.
  for (const file of Object.keys(cache))
    if (isTypeScript(file) && !own.has(pathToFileURL(file).href)) delete cache[file]
  registerHooks?.({
    resolve(specifier, context, next) {
      const resolution = next(specifier, context)
      const isOther = isTypeScript(resolution.url) && !own?.has(resolution.url)
      // What is required has no such memory, and a file name takes no query.
      return isOther && !context.conditions.includes('require')
        ? { ...resolution, url: `${resolution.url}?tsx` }
        : resolution
    },
  })
}

function importsOf(url: string): Set<string> {
  const known = imports.get(url) ?? new Set<string>()
  imports.set(url, known)
  return known
}

/** With all that they import, directly or not. */
function withImports(urls: Iterable<string>): Set<string> {
  const reached = new Set(urls)
  for (const url of reached) for (const imported of imports.get(url) ?? []) reached.add(imported)
  return reached
}
