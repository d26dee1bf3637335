import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('./child.mjs', import.meta.url))

/** ms after which a child is killed and its step counts as hanging. */
export const deadline = 5000

/**
 * @typedef {object} Observation
 * @property {Record<string, any>} steps how each step went; `ended: false` for one that did not end
 * @property {number | undefined} loggedAt when the worker's output came
 * @property {string} notes what the tasks wrote into their file
 * @property {boolean} late it was killed at the deadline
 */

/**
 * Runs one check of one library in a process of its own.
 *
 * @param {string} library @param {string} check
 * @param {{ timeout?: number, execArgv?: string[] }} [options] `timeout`: for the library's calls, in ms
 * @returns {Promise<Observation>}
 */
export async function observe(library, check, { timeout, execArgv = [] } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'comparison-'))
  const file = join(folder, 'notes')
  try {
    const args = [...execArgv, child, library, check, file, ...(timeout ? [String(timeout)] : [])]
    const seen = await runChild(args)
    return { ...seen, notes: readNotes(file) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function runChild(args) {
  const running = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore', 'pipe'] })
  const steps = {}
  let loggedAt
  let rest = ''
  running.stdio[1].on('data', chunk => {
    if (String(chunk).includes('from the worker')) loggedAt ??= Date.now()
  })
  running.stdio[3].on('data', chunk => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      const { step, begins, ...outcome } = JSON.parse(line)
      steps[step] = begins ? { ended: false } : outcome
      // How a child ends after its check is not what is asked, and may take for ever.
      if (step === 'end') running.kill('SIGKILL')
    }
  })
  let late = false
  const timer = setTimeout(() => {
    late = true
    running.kill('SIGKILL')
  }, deadline)
  return new Promise(resolve => {
    running.on('close', () => {
      clearTimeout(timer)
      resolve({ steps, loggedAt, late })
    })
  })
}

function readNotes(file) {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
