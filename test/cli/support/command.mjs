import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { folder } from '../../child.mjs'
import { root } from '../../paths.mjs'
import { slack } from '../../slack.mjs'

export const cli = join(root, 'dist/cli.js')
export const tasks = fileURLToPath(new URL('../fixtures/tasks.mjs', import.meta.url))

/**
 * `async-pool` in a process of its own, killed with all it has started when the deadline passes.
 *
 * @param {string[]} args
 * @param {{ input?: string | Buffer | null, cwd?: string, env?: object, deadline?: number, command?: string[] }} [options]
 * with `input: null` stdin stays open
 */
export function start(args, options = {}) {
  const { input = '', cwd = root, env = {}, deadline = 20_000, command = [process.execPath, cli] } = options
  const [program, ...first] = command
  const child = spawn(program, [...first, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '', ...env },
    detached: true,
  })
  const run = new Run(child, deadline)
  if (input !== null) child.stdin.end(input)
  return run
}

/** Runs it to its end. */
export function run(args, options) {
  return start(args, options).result
}

/** `async-pool run` on the tasks of these tests. */
export function runTask(fn, args = [], options = {}) {
  return run(['run', tasks, fn, ...args], options)
}

export function startTask(fn, args = [], options = {}) {
  return start(['run', tasks, fn, ...args], options)
}

class Run {
  stdout = ''
  stderr = ''
  #listeners = new Set()

  constructor(child, deadline) {
    this.child = child
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8')
      child[name].on('data', text => {
        this[name] += text
        for (const listener of this.#listeners) listener()
      })
    }
    child.stdin.on('error', () => {})
    this.result = new Promise((resolve, reject) => {
      let isLate = false
      const timer = setTimeout(() => {
        isLate = true
        this.killAll()
      }, deadline * slack)
      child.on('error', reject)
      child.on('close', (code, signal) => {
        clearTimeout(timer)
        const { stdout, stderr } = this
        if (isLate)
          reject(
            new Error(
              `hung for ${deadline * slack} ms\n-- stdout\n${tail(stdout)}\n-- stderr\n${tail(stderr)}`,
            ),
          )
        else resolve({ code, signal, stdout, stderr, records: recordsOf(stdout) })
      })
    })
    this.result.catch(() => {}) // a test that fails before it comes to this says why
  }

  /** Resolves when it has printed that. */
  said(text, where = 'stderr') {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!this[where].includes(text)) return
        this.#listeners.delete(look)
        resolve()
      }
      this.#listeners.add(look)
      this.child.on('close', () => reject(new Error(`ended without saying '${text}': ${this[where]}`)))
      look()
    })
  }

  killAll() {
    try {
      process.kill(-this.child.pid, 'SIGKILL')
    } catch (error) {
      if (error.code !== 'ESRCH') throw error // it has just ended by itself
    }
  }
}

function tail(text) {
  return text.slice(-3000)
}

/** Lines of JSON, in the order of their rows where they have one. */
export function recordsOf(text) {
  const records = text
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
  return records.sort((one, other) => one.index - other.index)
}

export function recordsIn(path) {
  return recordsOf(readFileSync(path, 'utf8'))
}

export function lines(count, first = 1) {
  return `${Array.from({ length: count }, (_, index) => index + first).join('\n')}\n`
}

/** Where `held` tasks wait for the test. Its address goes into the environment of the command. */
export async function createGate() {
  const path = join(folder(), 'gate')
  const unanswered = new Set()
  const arrived = []
  const awaited = []
  let forAll
  const server = createServer({ allowHalfOpen: true }, socket => {
    let said = ''
    socket.on('error', () => {}) // killed while it waited
    socket.on('data', bytes => {
      said += bytes
      if (said.endsWith('\n')) arrive(JSON.parse(said), socket)
    })
  })
  function arrive(value, socket) {
    const answer = reply => {
      unanswered.delete(answer)
      socket.end(JSON.stringify(reply))
    }
    if (forAll !== undefined) answer(forAll)
    else {
      unanswered.add(answer)
      arrived.push({ value, answer })
      if (awaited.length > 0) awaited.shift()(arrived.shift())
    }
  }
  await new Promise(resolve => server.listen(path, resolve))
  onTestFinished(() => server.close())
  return {
    env: { GATE: path },
    /** The next task that has come; its `answer({ value })` or `answer({ error })` lets it go. */
    next: () =>
      arrived.length > 0 ? Promise.resolve(arrived.shift()) : new Promise(resolve => awaited.push(resolve)),
    /** Answers all that have come and have no answer, and all that will come. */
    open: reply => {
      forAll = reply
      for (const answer of unanswered) answer(reply)
    },
    /** How many have come and not been taken. */
    get waiting() {
      return arrived.length
    },
  }
}
