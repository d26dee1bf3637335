import { pathToFileURL } from 'node:url'
import { TypeScriptUnsupportedError } from '../channel/errors.js'
import { importFrom } from './import-from.js'
import { isModuleInCommonJS, isTypeScript } from './typescript-files.js'
import { keepApart, noteLoaded, watchImports } from './typescript-imports.js'

/** Node erases types by itself (22.18 and newer), unless told not to. */
const stripsTypes = Boolean((process.features as { typescript?: unknown }).typescript)

/**
 * Imports a file of TypeScript: as Node does it by itself, and by tsx where it does not or cannot.
 *
 * @throws {TypeScriptUnsupportedError} if that takes tsx and it is not installed
 */
export async function importTypeScript(url: string, base: string): Promise<unknown> {
  if (!stripsTypes) {
    if (!(await useTsx(base))) throw unsupported(url)
    return import(url)
  }
  watchImports()
  // Node would fail, and say so on stderr.
  if (isModuleInCommonJS(url) && (await useTsx(base))) return import(url)
  const isByNode = !isTsxInUse
  try {
    const namespace: unknown = await import(url)
    if (isByNode) noteLoaded(url)
    return namespace
  } catch (error) {
    if (!isByNode || !mayTsxHelp(error)) throw error
    if (!(await useTsx(base))) throw isBeyondNode(error) ? unsupported(url, error as Error) : error
    return import(url)
  }
}

/** An inline function of a TypeScript file imports something, where Node does not strip types. */
export function importsNeedTsx(source: string, base: string): boolean {
  return !stripsTypes && isTypeScript(base) && /(import|require)\w*\s*\(/.test(source)
}

/** Node says that it would have to do more than erase types. */
function isBeyondNode(error: unknown): boolean {
  return /TYPESCRIPT_SYNTAX$|TYPE_STRIPPING$|UNKNOWN_FILE_EXTENSION$/.test(codeOf(error))
}

/**
 * Beside enums and the like: './other.js' that is other.ts, names without extensions, types imported as if they were
 * values, and `import` in what is CommonJS by its package.json.
 */
function mayTsxHelp(error: unknown): boolean {
  const isNotFound = /NOT_FOUND$|UNSUPPORTED_DIR_IMPORT$/.test(codeOf(error))
  return isBeyondNode(error) || isNotFound || error instanceof SyntaxError
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code)
}

/** Its hooks are those of this thread. */
let isTsxInUse = false
let tsx: Promise<boolean> | undefined

/** False if it is not installed; it is looked for again at the next module then. */
export async function useTsx(base: string): Promise<boolean> {
  tsx ??= registerTsx(base)
  const isInstalled = await tsx
  if (!isInstalled) tsx = undefined
  return isInstalled
}

/** The user's copy rather than one beside this package. Both of its loaders: imported CommonJS is required. */
async function registerTsx(base: string): Promise<boolean> {
  for (const from of [base, pathToFileURL(__filename).href]) {
    try {
      const commonjs = (await importFrom(from)('tsx/cjs/api')) as { register(): unknown }
      const esm = (await importFrom(from)('tsx/esm/api')) as { register(): unknown }
      commonjs.register()
      esm.register()
      if (stripsTypes) keepApart()
      isTsxInUse = true
      return true
    } catch (error) {
      // The second: a version from before it could be used like this.
      if (!/^ERR_(MODULE_NOT_FOUND|PACKAGE_PATH_NOT_EXPORTED)$/.test(codeOf(error))) throw error
    }
  }
  return false
}

function unsupported(url: string, cause?: Error): TypeScriptUnsupportedError {
  const { node } = process.versions
  const need = 'install tsx (npm install --save-dev tsx)'
  return cause === undefined
    ? new TypeScriptUnsupportedError(
        `${url} is TypeScript, which Node ${node} does not run by itself: ${need}, or use Node 22.18 or newer`,
      )
    : new TypeScriptUnsupportedError(
        `${url} needs more than Node ${node} does for TypeScript by itself (${cause.message}): ${need}`,
        { cause },
      )
}
