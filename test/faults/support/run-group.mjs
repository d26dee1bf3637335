import { fileURLToPath } from 'node:url'
import { expected, hangTimeout } from './cells.mjs'
import { parseLines, runChild } from './run-child.mjs'

const program = fileURLToPath(new URL('matrix-child.mjs', import.meta.url))

/** 250 ms is the promise. A busy machine adds to it, so the figures are printed, and only a wait for nothing fails. */
const latencyLimit = 5_000

/**
 * Runs a group of cells of the fault matrix in a child process.
 *
 * @param {{ moment: string, cause: string, cells: string[] }} group
 * @param {object} [options] - as for `runChild`, and `flags`: what a runtime's command line has before the program
 */
export async function runGroup({ moment, cause, cells }, { flags = [], ...options } = {}) {
  const args = [...flags, program, moment, cause, ...(moment === 'drain' ? cells : [])]
  const { code, stdout, stderr, timedOut } = await runChild(args, { deadline: 45_000, ...options })
  const { records, rest } = parseLines(stdout)
  const done = records.filter(record => record.cell !== undefined)
  const problems = done.flatMap(({ cell, problems }) => problems.map(problem => `${cell}: ${problem}`))
  const latencies = []
  for (const waiter of cells) {
    const cell = done.find(record => record.cell === `${moment} ${cause} ${waiter}`)
    if (cell === undefined)
      problems.push(`${moment} ${cause} ${waiter}: ${timedOut ? 'hangs' : 'is missing'}`)
    if (cell?.latency === undefined) continue
    const latency = cause === 'loop' ? cell.latency - hangTimeout : cell.latency
    if (latency > latencyLimit)
      problems.push(`${moment} ${cause} ${waiter}: came back ${latency} ms after the death`)
    latencies.push({
      cell: cell.cell,
      cause,
      withReplacement: waiter === 'submit' || waiter === 'join',
      latency,
    })
  }
  return { code, stderr, rest, problems, latencies }
}

/** Work that only the exit drain waits for dies with the worker: that is said, and the exit code is not 0. */
export function losesWork({ moment, cells }) {
  return moment === 'drain' && cells[0] === 'promise'
}

/** How many workers die in a group, if all goes well. */
export function deathsOf({ moment, cause, cells }) {
  const each = moment === 'restart' ? 2 : 1
  return expected(moment, cause).dies ? each * cells.length : 0
}
