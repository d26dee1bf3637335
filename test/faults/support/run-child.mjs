import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/**
 * Runs a program in a process group of its own. When the deadline passes, the whole group is killed, and what the
 * program has printed says how far it came.
 *
 * @param {string[]} args - for `node`, unless `options.command` names another program
 * @param {{ deadline?: number, command?: string, cwd?: string, env?: object, stdin?: 'ignore' | 'pipe',
 *   onSpawn?: (child) => void }} [options]
 */
export async function runChild(args, options = {}) {
  const { deadline = 20_000, command = process.execPath, cwd, env = process.env, onSpawn } = options
  const stdio = [options.stdin ?? 'ignore', 'pipe', 'pipe']
  const child = spawn(command, args, { cwd, env, stdio, detached: true })
  let timedOut = false
  const timer = setTimeout(() => {
    timedOut = true
    killGroup(child)
  }, deadline)
  onSpawn?.(child)
  const closed = new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal }))
  })
  try {
    const [stdout, stderr, { code, signal }] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      closed,
    ])
    return { code, signal, stdout, stderr, timedOut }
  } finally {
    clearTimeout(timer)
  }
}

function killGroup(child) {
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch (error) {
    if (error.code !== 'ESRCH') throw error // it has just ended by itself
  }
}

/** Calls `job(item)` for all items, `limit` at once, and gives the results in the order of the items. */
export async function inParallel(items, limit, job) {
  const results = []
  let next = 0
  async function work() {
    while (next < items.length) {
      const index = next++
      results[index] = await job(items[index])
    }
  }
  await Promise.all(Array.from({ length: limit }, work))
  return results
}

/** The lines of a child's output that are JSON, and whatever else it printed. */
export function parseLines(output) {
  const records = []
  const rest = []
  for (const line of output.split('\n')) {
    if (line.startsWith('{')) records.push(JSON.parse(line))
    else if (line !== '') rest.push(line)
  }
  return { records, rest: rest.join('\n') }
}
