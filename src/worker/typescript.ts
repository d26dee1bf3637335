import { dirname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { TypeScriptUnsupportedError } from '../channel/errors.js'
import { importFrom } from './import-from.js'
import { isModuleInCommonJS, isTypeScript, typeScriptFile } from './typescript-files.js'
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
    if (!(await useTsx(base))) throw notStripped(url)
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
    if (!(await useTsx(base))) throw withAdvice(url, error)
    return import(url)
  }
}

/** An inline function of a TypeScript file imports something, where Node does not strip types. */
export function importsNeedTsx(source: string, base: string): boolean {
  return !stripsTypes && isTypeScript(base) && /(import|require)\w*\s*\(/.test(source)
}

/** Node says that it would have to do more than erase types. */
function isBeyondNode(error: unknown): boolean {
  return /UNSUPPORTED_TYPESCRIPT_SYNTAX$|TYPE_STRIPPING$|UNKNOWN_FILE_EXTENSION$/.test(codeOf(error))
}

/**
 * Beside enums and the like: './other.js' that is other.ts, names without extensions, types imported as if they were
 * values, and `import` in what is CommonJS by its package.json.
 */
function mayTsxHelp(error: unknown): boolean {
  return isBeyondNode(error) || isNotFound(error) || error instanceof SyntaxError
}

function isNotFound(error: unknown): boolean {
  return /NOT_FOUND$|UNSUPPORTED_DIR_IMPORT$/.test(codeOf(error))
}

/** What Node failed with, or that it takes tsx, if that is so or may be. */
function withAdvice(url: string, error: unknown): unknown {
  if (isBeyondNode(error) || (isNotFound(error) && isNameOfSource(error)))
    return unsupported(url, 'needs', error as Error)
  // Types imported as values, `export` in CommonJS, decorators: to Node itself these are JavaScript that is wrong.
  const isWrongJavaScript = error instanceof SyntaxError && codeOf(error) === 'undefined'
  return isWrongJavaScript ? unsupported(url, 'may need', error) : error
}

/** What was not found has a source that tsx would find, also where it was required. */
function isNameOfSource(error: unknown): boolean {
  const { url, message, requireStack } = error as { url?: string; message: string; requireStack?: string[] }
  if (url?.startsWith('file:')) return typeScriptFile(fileURLToPath(url)) !== undefined
  const required = /^Cannot find module '(\.[^']*)'/.exec(message)?.[1]
  const parent = requireStack?.[0]
  return (
    required !== undefined &&
    parent !== undefined &&
    typeScriptFile(resolve(dirname(parent), required)) !== undefined
  )
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

const { node } = process.versions
const remedy = 'install tsx (npm install --save-dev tsx)'

function notStripped(url: string): TypeScriptUnsupportedError {
  return new TypeScriptUnsupportedError(
    `${url} is TypeScript, which Node ${node} does not run by itself: ${remedy}, or use Node 22.18 or newer`,
  )
}

function unsupported(url: string, needs: 'needs' | 'may need', cause: Error): TypeScriptUnsupportedError {
  return new TypeScriptUnsupportedError(
    `${url} ${needs} more than Node ${node} does for TypeScript by itself (${cause.message}): ${remedy}`,
    { cause },
  )
}
