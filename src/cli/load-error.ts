import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ExecutorError, WorkerDiedError } from '../index.js'
import { messageOf } from './usage-error.js'

/**
 * Why a module could not be loaded, and where: it may be a file that it imports.
 *
 * @param url - of the module
 */
export function cannotLoad(module: string, url: string, error: unknown): string {
  const said = `cannot load ${module}: ${reasonOf(url, error)}${hintFor(module, url, error)}`
  // Errors of the package come from no file of the user's.
  if (!(error instanceof Error) || error instanceof ExecutorError || typeof error.stack !== 'string')
    return said
  if (error.name === 'SyntaxError') {
    const place = placeIn(error.stack) ?? findPlace(url)
    return place === undefined ? said : `${said}\n${place}`
  }
  const [, frame = ''] = error.stack.match(/^ {4}at (.*)$/m) ?? []
  return frame.includes('file:') ? `${said} (at ${frame})` : said
}

function reasonOf(url: string, error: unknown): string {
  if (error instanceof WorkerDiedError) return deathOf(error)
  const message = messageOf(error)
  // By whom it was imported says nothing where that is this package.
  return isMissing(url, error) ? message.replace(/ imported from .*$|\nRequire stack:.*$/s, '') : message
}

function deathOf({ exitCode, reason, cause }: WorkerDiedError): string {
  if (cause === undefined && exitCode !== undefined)
    return `it ended its process while it was being loaded (exit code ${exitCode})`
  const why = cause instanceof Error ? `: ${cause.name}: ${cause.message}` : ''
  return `the worker died while it was being loaded: ${reason}${why}`
}

/** It is the module itself, and not what it imports. */
function isMissing(url: string, error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown }
  if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') return false
  const name = url.startsWith('file:') ? fileURLToPath(url).replace(/[/\\]$/, '') : url
  return messageOf(error).includes(`module '${name}'`) || messageOf(error).includes(`package '${name}'`)
}

const extensions = ['.mjs', '.js', '.cjs', '.mts', '.ts', '.cts']

/** The file that may have been meant: a name without './' and an extension is that of a package. */
function hintFor(module: string, url: string, error: unknown): string {
  if (!isMissing(url, error)) return ''
  const path = url.startsWith('file:') || module.startsWith('@') ? module : `./${module}`
  const meant = extensions.map(extension => path + extension).find(file => existsSync(file))
  return meant === undefined ? '' : `; did you mean ${meant}?`
}

/** File and line, the code that is there, and a caret below it. */
function placeIn(text: string): string | undefined {
  return text.match(/^(\S.*:\d+\n[\s\S]*?\^)\s+SyntaxError: /)?.[1]
}

/** How long it may take, in ms. */
const patience = 5000

/**
 * Of a syntax error in an ES module only a process that ends with it says where it is. Modules are all parsed before the
 * first one runs, which is one that ends the process: none of the user's runs.
 */
function findPlace(url: string): string | undefined {
  const code = `import 'data:text/javascript,process.exit()'\nimport ${JSON.stringify(url)}`
  try {
    const args = ['--input-type=module', '--eval', code]
    const { stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: patience })
    return placeIn(stderr)
  } catch {
    return undefined // under Node's permission model there are no other processes
  }
}
