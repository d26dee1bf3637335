import { afterAll, describe, expect, test } from 'vitest'
import { groups } from './support/cells.mjs'
import { losesWork, runGroup } from './support/run-group.mjs'

const tally = { cells: 0, failed: 0, latencies: new Map() }

describe.concurrent('the fault matrix', () => {
  test.each(groups)('$cause, $moment: $cells', async group => {
    const { cells } = group
    tally.cells += cells.length
    const { code, stderr, rest, problems, latencies } = await runGroup(group)
    for (const latency of latencies) note(latency)
    tally.failed += cells.filter(waiter => problems.some(line => line.includes(` ${waiter}: `))).length
    const lost = losesWork(group)
    expect({ problems, rest, code, stderr }).toEqual({
      problems: [],
      rest: '',
      code: lost ? 1 : 0,
      stderr: lost ? expect.stringMatching(/died with the worker: .*dieRunning/) : '',
    })
  })
})

/** How long after the death the call came back; 'submit' and 'join' wait for the replacement as well. */
function note({ cause, latency, withReplacement }) {
  const key = `${cause}${withReplacement ? ' + replacement' : ''}`
  tally.latencies.set(key, Math.max(tally.latencies.get(key) ?? 0, latency))
}

afterAll(() => {
  const figures = [...tally.latencies].map(([cause, latency]) => `  ${cause}: ${latency} ms`)
  console.log(`fault matrix: ${tally.cells} cells, ${tally.failed} failed; longest way from death to return:`)
  console.log(figures.sort().join('\n'))
})
