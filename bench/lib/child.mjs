import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** No child of a benchmark may outlive this, in ms. */
const longest = 120_000

/**
 * Runs a script of `children/` in a fresh process.
 *
 * @param {string} script file name
 * @param {(string | number)[]} [args]
 * @param {{ execArgv?: string[], prefix?: string[] }} [options] `prefix`: a command to run node under
 * @returns {Promise<any>} the JSON that it prints
 */
export async function runChild(script, args = [], { execArgv = [], prefix = [] } = {}) {
  const path = fileURLToPath(new URL(`../children/${script}`, import.meta.url))
  return runForJson([...prefix, process.execPath, ...execArgv, path, ...args.map(String)])
}

/** @param {string[]} command @returns {Promise<any>} the JSON that it prints */
export async function runForJson([file, ...args]) {
  const { stdout } = await run(file, args, { timeout: longest, maxBuffer: 64 * 1024 * 1024 })
  return JSON.parse(stdout)
}

/** @param {string[]} command @returns {Promise<boolean>} whether it can be run and ends well */
export async function works([file, ...args]) {
  try {
    await run(file, args, { timeout: 10_000 })
    return true
  } catch {
    return false
  }
}
