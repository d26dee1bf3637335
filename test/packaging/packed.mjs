import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll } from 'vitest'
import { root } from '../paths.mjs'
import { slack } from '../slack.mjs'

/** Outside the project, so that nothing is found that the package does not bring along. */
export const home = mkdtempSync(join(tmpdir(), 'async-pool-executor-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))

/** Runs npm quietly and gives what it says. */
export function npm(args, cwd = home) {
  return execFileSync('npm', [...args, `--cache=${join(home, 'cache')}`], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 50_000,
  })
}

/** What `npm pack` says of the package: `files`, `unpackedSize`; and `path`, the tarball's. */
export function pack() {
  const [packed] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', `--pack-destination=${home}`], root))
  return { ...packed, path: join(home, packed.filename) }
}

/** A project of its own with files by their paths. */
export function project(name, files) {
  const folder = join(home, name)
  for (const [path, source] of Object.entries({ 'package.json': '{ "private": true }', ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), source)
  }
  return folder
}

/** Installs the tarball into a project by npm. */
export function install(folder, tarball) {
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', tarball], folder)
}

/** Runs a program; fails with its output unless it ends well within the deadline. */
export async function run(command, args, { cwd = home, env = {}, deadline = 50_000 } = {}) {
  try {
    return await promisify(execFile)(command, args, {
      cwd,
      env: { ...process.env, ...env },
      timeout: deadline * slack,
    })
  } catch (error) {
    throw new Error(`${error.message}\n--- stdout\n${error.stdout}\n--- stderr\n${error.stderr}`)
  }
}

const use = `
const executor = new AsyncPoolExecutor({ size: 2 })
console.log(executor.run('./tasks.cjs', 'double', [2]))
console.log(executor.run('./tasks.cjs', 'double', [4], { offload: true }))
console.log(executor.run(value => value.constructor.name, [new Lock()]))
try { executor.run('./tasks.cjs', 'nothing') } catch (error) { console.log(error instanceof ExecutorError, error.code) }
`

/** A program in either module system that uses the worker, the CPU threads and another entry of the package. */
export const program = {
  'tasks.cjs': 'exports.double = async value => value * 2\n',
  'use.cjs': `const { AsyncPoolExecutor, ExecutorError } = require('async-pool-executor')
const { Lock } = require('async-pool-executor/sync')${use}`,
  'use.mjs': `import { AsyncPoolExecutor, ExecutorError } from 'async-pool-executor'
import { Lock } from 'async-pool-executor/sync'${use}`,
}

/** What it writes. */
export const answers = '4\n8\nLock\ntrue ERR_TASK_NOT_FOUND\n'
