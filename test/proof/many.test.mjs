import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parseLines, runChild } from '../faults/support/run-child.mjs'

const file = path => fileURLToPath(new URL(path, import.meta.url))
const root = file('../..')
// A runner inside a runner: what the outer one says in the environment is not meant for the inner one.
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|NODE_TEST|NODE_V8_COVERAGE|TINYPOOL|VITE)/.test(name),
  ),
)

describe.concurrent('many executors', () => {
  test.each([
    ['two', 1_000],
    ['twenty', 500],
    ['threads', 400],
    ['cluster', 300],
  ])('%s', async (name, calls) => {
    const { code, stdout, stderr, timedOut } = await runChild([file('support/many-child.cjs'), name], { env })
    expect({ code, stderr, timedOut }).toEqual({ code: 0, stderr: '', timedOut: false })
    expect(parseLines(stdout).records).toEqual([{ calls }])
  })
})

describe.concurrent('test runners', () => {
  test('node --test', async () => {
    const { code, stdout, timedOut } = await runChild(['--test', file('fixtures/runner-node.cjs')], { env })
    expect({ code, timedOut }, stdout).toEqual({ code: 0, timedOut: false })
    expect(stdout).toMatch(/fail 0/)
  })

  test.each(['threads', 'forks', 'vmThreads'])('vitest, pool %s', async pool => {
    const args = [
      'node_modules/vitest/vitest.mjs',
      'run',
      '--config',
      file('fixtures/runner-vitest.config.mjs'),
    ]
    const { code, stdout, stderr, timedOut } = await runChild([...args, '--pool', pool], { env, cwd: root })
    expect({ code, timedOut }, stdout + stderr).toEqual({ code: 0, timedOut: false })
    expect(stdout).toMatch(/5 passed/)
  })
})
