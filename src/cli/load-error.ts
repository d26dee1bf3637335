import { spawnSync } from 'node:child_process'
import { ExecutorError } from '../index.js'
import { messageOf } from './usage-error.js'

/**
 * Why a module could not be loaded, and where: it may be a file that it imports.
 *
 * @param url - of the module
 */
export function cannotLoad(module: string, url: string, error: unknown): string {
  const said = `cannot load ${module}: ${messageOf(error)}`
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
