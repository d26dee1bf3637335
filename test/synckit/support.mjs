import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { folder, node } from '../child.mjs'
import { root } from '../paths.mjs'

const heads = {
  import: `import * as synckit from 'async-pool-executor/synckit'
           import fs from 'node:fs'
           import path from 'node:path'
           const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname)`,
  require: `const synckit = require('async-pool-executor/synckit')
            const fs = require('node:fs')
            const path = require('node:path')
            const here = __dirname`,
}

const tools = `
const { createSyncFn } = synckit
const at = name => path.join(here, name)
const say = value => fs.writeSync(1, JSON.stringify(value === undefined ? '(undefined)' : value) + '\\n')
const thrown = run => {
  try { run() } catch (error) {
    if (!(error instanceof Error)) return { thrown: String(error) }
    const { name, message, code, exitCode } = error
    return { name, message, code, exitCode }
  }
  return 'nothing was thrown'
}
`

/** The worker files of most tests: a function in either module system. */
export const worker = {
  import: fn => `import { runAsWorker } from 'async-pool-executor/synckit'\nrunAsWorker(${fn})\n`,
  require: fn => `const { runAsWorker } = require('async-pool-executor/synckit')\nrunAsWorker(${fn})\n`,
}

/**
 * Writes files into a folder of their own, and among them a script, which has `createSyncFn` and the other names of
 * `synckit`, `at(name)` for the path of a file, `thrown(fn)`, and `say(value)`; runs it.
 *
 * @param {Record<string, string>} files
 * @param {string} body
 * @param {{ system?: 'import' | 'require' } & Record<string, any>} [options] others as for `node`
 * @returns what it said, and its exit code and output
 */
export async function run(files, body, { system = 'import', ...options } = {}) {
  const home = options.cwd ?? folder()
  const script = system === 'import' ? 'script.mjs' : 'script.cjs'
  write(home, { ...files, [script]: `${heads[system]}\n${tools}\n${body}` })
  link(home)
  const { lines, ...rest } = await node([join(home, script)], { ...options, cwd: home })
  return { said: lines.map(parse), ...rest, home }
}

export function write(home, files) {
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true })
    writeFileSync(join(home, name), source)
  }
}

/** A folder with a package.json of its own is no longer part of this package, and imports it as any other. */
function link(home) {
  const path = join(home, 'node_modules/async-pool-executor')
  mkdirSync(dirname(path), { recursive: true })
  if (!existsSync(path)) symlinkSync(root, path, 'dir')
}

function parse(line) {
  try {
    return JSON.parse(line)
  } catch {
    return line // what a worker has printed
  }
}
