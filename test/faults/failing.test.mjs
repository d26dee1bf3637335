import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { initializers, modules, preloads } from './support/failing.mjs'
import { parseLines, runChild } from './support/run-child.mjs'

const program = fileURLToPath(new URL('support/failing-child.mjs', import.meta.url))
const preloadThatLogs = fileURLToPath(new URL('fixtures/failing/preload-logs.cjs', import.meta.url))
const scratch = mkdtempSync(join(tmpdir(), 'failing-'))
afterAll(() => rmSync(scratch, { recursive: true }))

const waiters = ['result', 'run', 'submit', 'join', 'map', 'promise']
const each = names => names.flatMap(([name, wanted]) => waiters.map(waiter => ({ name, waiter, wanted })))

async function outcomeOf(kind, name, waiter) {
  const args = [program, kind, name, waiter, join(scratch, `syntax-${waiter}.mjs`)]
  const { stdout, stderr, code, timedOut } = await runChild(args)
  const [record] = parseLines(stdout).records
  return { ...record, exitCode: code, stderr, timedOut }
}

describe.concurrent('a task module that fails to load', () => {
  test.each(each(modules))('$name fails only its own task ($waiter)', async ({ name, waiter, wanted }) => {
    const { chain, neighbour, exitCode, stderr } = await outcomeOf('module', name, waiter)
    expect(chain?.[0]).toMatch(wanted)
    expect({ neighbour, exitCode, stderr }).toEqual({ neighbour: 'unharmed', exitCode: 0, stderr: '' })
  })

  test.each(['busy.mjs', 'slow-timer.mjs'])('%s takes its time, and does not fail', async name => {
    expect(await outcomeOf('module', name, 'run')).toMatchObject({ value: 'loaded', exitCode: 0 })
  })
})

describe.concurrent('a preload that fails', () => {
  test.each(each(preloads))('$name breaks the executor ($waiter)', async ({ name, waiter, wanted }) => {
    const { code, chain, exitCode } = await outcomeOf('preload', name, waiter)
    expect({ code, exitCode }).toEqual({ code: 'ERR_BROKEN_EXECUTOR', exitCode: 0 })
    expect(chain.join(' ← ')).toMatch(wanted)
  })

  test('preload-loops.cjs is given up after the start deadline of 15 s', async () => {
    const outcome = await outcomeOf('preload', 'preload-loops.cjs', 'result')
    expect(outcome).toMatchObject({ code: 'ERR_BROKEN_EXECUTOR', exitCode: 0 })
    expect(outcome.chain[0]).toMatch(/did not start within 15000 ms/)
  })

  test('one that only logs lets the process end, and its output is not lost', async () => {
    const script = `const { AsyncPoolExecutor } = require('async-pool-executor')
      console.log(new AsyncPoolExecutor().run('node:path', 'basename', ['/a/b']))`
    const { code, stdout, timedOut } = await runChild(['-r', preloadThatLogs, '-e', script], {
      deadline: 10_000,
    })
    expect({ code, timedOut }).toEqual({ code: 0, timedOut: false })
    expect(stdout.trim().split('\n').sort()).toEqual([
      'b',
      'preload speaks in main',
      'preload speaks in worker',
    ])
  })
})

describe.concurrent('an initializer that fails', () => {
  test.each(each(initializers))('$name breaks the executor ($waiter)', async ({ name, waiter, wanted }) => {
    const { code, chain, exitCode } = await outcomeOf('initializer', name, waiter)
    expect({ code, exitCode }).toEqual({ code: 'ERR_BROKEN_EXECUTOR', exitCode: 0 })
    expect(chain.join(' ← ')).toMatch(wanted)
  })
})
