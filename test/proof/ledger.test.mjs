import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { inParallel, parseLines, runChild } from '../faults/support/run-child.mjs'

const program = fileURLToPath(new URL('support/ledger-child.mjs', import.meta.url))

const seeds = 1_000
const seedsPerChild = 50

test('1,000 seeds of random tasks and random kills: every accepted task settles exactly once', async () => {
  const starts = Array.from({ length: seeds / seedsPerChild }, (_, index) => 1 + index * seedsPerChild)
  const children = await inParallel(starts, 3, async first => {
    const { code, stdout, stderr } = await runChild([program, first, seedsPerChild], { deadline: 180_000 })
    return { code, stderr, first, records: parseLines(stdout).records }
  })
  const total = {}
  const problems = []
  for (const { code, stderr, first, records } of children) {
    const last = records.at(-1)
    if (code !== 0 || last?.total === undefined)
      problems.push(`seeds from ${first}: code ${code}, ${last?.begins ?? 'nothing'} did not end\n${stderr}`)
    else problems.push(...last.problems)
    for (const [key, value] of Object.entries(last?.total ?? {})) total[key] = (total[key] ?? 0) + value
  }
  console.log('ledger:', { ...total, lost: problems.length })
  expect(problems).toEqual([])
  expect(total.seeds).toBe(seeds)
  expect(total.deaths).toBeGreaterThan(seeds)
}, 450_000)
