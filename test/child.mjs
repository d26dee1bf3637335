import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { root, tasks } from './paths.mjs'
import { slack } from './slack.mjs'

/** Inside the project, so that scripts import the package by its own name. */
const tmp = fileURLToPath(new URL('tmp', import.meta.url))

/** Every behaviour that a script can see must hold in both. */
export const systems = ['import', 'require']

const folders = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder that is gone after the tests of this file. */
export function folder() {
  mkdirSync(tmp, { recursive: true })
  const path = mkdtempSync(join(tmp, 'test-'))
  folders.push(path)
  return path
}

/** Writes a file into a folder of its own and returns its path. */
export function file(name, source, within = folder()) {
  const path = join(within, name)
  writeFileSync(path, source)
  return path
}

const names = `AsyncPoolExecutor, Future, wait, asCompleted, gather, ExecutorError, TimeoutError, CancelledError,
  QueueFullError, ExecutorClosedError, BrokenExecutorError, WorkerDiedError, TaskNotFoundError, NotCloneableError,
  DeadlockError`

/** The same script for either module system; `say` writes a line to the descriptor at once. */
export function source(system, body) {
  const head =
    system === 'import'
      ? `import { ${names} } from 'async-pool-executor'
         import fs from 'node:fs'
         import { Worker } from 'node:worker_threads'
         import { createRequire } from 'node:module'
         const file = import.meta.url`
      : `const { ${names} } = require('async-pool-executor')
         const fs = require('node:fs')
         const { Worker } = require('node:worker_threads')
         const file = require('node:url').pathToFileURL(__filename)`
  return `${head}
const tasks = ${JSON.stringify(tasks)}
const say = text => fs.writeSync(1, text + '\\n')
${body}`
}

export function script(system, body) {
  return file(system === 'import' ? 'script.mjs' : 'script.cjs', source(system, body))
}

/** Runs `body` as a file of either module system. */
export function runScript(system, body, options) {
  return node([script(system, body)], options)
}

/**
 * Runs node and gives its exit code and output. One that is not done by the deadline is killed, and fails with what
 * it has written.
 */
export function node(args, options = {}) {
  const { deadline = 15_000, input, onStart, flags = [], ...rest } = options
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...flags, ...args], { cwd: root, ...rest })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name]?.setEncoding('utf8')
      if (onStart === undefined) child[name]?.on('data', text => (output[name] += text))
    }
    let isLate = false
    const timer = setTimeout(() => {
      isLate = true
      child.kill('SIGKILL')
    }, deadline * slack)
    child.stdin?.on('error', () => {})
    onStart?.(child, output)
    child.stdin?.end(input)
    child.on('error', reject)
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (isLate)
        reject(
          new Error(
            `hung for ${deadline * slack} ms\n--- stdout\n${output.stdout}\n--- stderr\n${output.stderr}`,
          ),
        )
      else resolve({ code, signal, ...output, lines: output.stdout.split('\n').filter(line => line !== '') })
    })
  })
}
