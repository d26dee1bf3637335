import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { causes, hangTimeout, moments, waiters } from './support/cells.mjs'
import { parseLines, runChild } from './support/run-child.mjs'

const program = fileURLToPath(new URL('support/matrix-child.mjs', import.meta.url))

/** 250 ms is the promise; a busy machine may add to it, and the figures are printed. */
const latencyLimit = 2_000

const tally = { cells: 0, failed: 0, latencies: new Map() }

const groups = moments.flatMap(moment =>
  causes.flatMap(cause =>
    moment === 'drain'
      ? waiters.map(waiter => ({ moment, cause, cells: [waiter] }))
      : [{ moment, cause, cells: waiters }],
  ),
)

// What runs no exit hook in the worker, though the task itself does it.
groups.push({ moment: 'running', cause: 'reallyExit', cells: waiters })

describe.concurrent('the fault matrix', () => {
  test.each(groups)('$cause, $moment: $cells', async ({ moment, cause, cells }) => {
    tally.cells += cells.length
    const args = [program, moment, cause, ...(moment === 'drain' ? cells : [])]
    const { code, stdout, stderr, timedOut } = await runChild(args, { deadline: 45_000 })
    const { records, rest } = parseLines(stdout)
    const done = records.filter(record => record.cell !== undefined)
    const problems = done.flatMap(({ cell, problems }) => problems.map(problem => `${cell}: ${problem}`))
    for (const waiter of cells) {
      const cell = done.find(record => record.cell === `${moment} ${cause} ${waiter}`)
      if (cell === undefined)
        problems.push(`${moment} ${cause} ${waiter}: ${timedOut ? 'hangs' : 'is missing'}`)
      if (cell?.latency !== undefined) note(cause, waiter, cell.latency, problems)
    }
    tally.failed += cells.filter(waiter => problems.some(line => line.includes(` ${waiter}: `))).length
    const lost = moment === 'drain' && cells[0] === 'promise'
    expect({ problems, rest, code, stderr }).toEqual({
      problems: [],
      rest: '',
      code: lost ? 1 : 0,
      stderr: lost ? expect.stringMatching(/died with the worker: .*dieRunning/) : '',
    })
  })
})

/** How long after the death the call came back; 'submit' and 'join' wait for the replacement as well. */
function note(cause, waiter, measured, problems) {
  const latency = cause === 'loop' ? measured - hangTimeout : measured
  if (latency > latencyLimit) problems.push(`${cause} ${waiter}: came back ${latency} ms after the death`)
  const key = `${cause}${waiter === 'submit' || waiter === 'join' ? ' + replacement' : ''}`
  tally.latencies.set(key, Math.max(tally.latencies.get(key) ?? 0, latency))
}

afterAll(() => {
  const figures = [...tally.latencies].map(([cause, latency]) => `  ${cause}: ${latency} ms`)
  console.log(`fault matrix: ${tally.cells} cells, ${tally.failed} failed; longest way from death to return:`)
  console.log(figures.sort().join('\n'))
})
