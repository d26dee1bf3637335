import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { parseLines, runChild } from '../faults/support/run-child.mjs'

const program = fileURLToPath(new URL('support/permission-child.cjs', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'permission-'))
afterAll(() => rmSync(folder, { recursive: true }))

const flag = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission'
const file = join(folder, 'written')

async function attempt(flags, ...args) {
  return run([flag, '--allow-fs-read=*', ...flags, program, file, ...args])
}

async function run(args, env) {
  const { stdout, stderr, code } = await runChild(args, {
    env: { ...process.env, NODE_OPTIONS: undefined, ...env },
  })
  return { ...parseLines(stdout).records[0], stderr, code }
}

describe("Node's permission model", () => {
  test('holds in the worker: a task may do no more than its caller', async () => {
    const { outcome, here } = await attempt(['--allow-worker'])
    expect({ outcome, here, exists: existsSync(file) }).toEqual({
      outcome: 'ERR_ACCESS_DENIED',
      here: false,
      exists: false,
    })
  })

  test('needs --allow-worker, and says so at once', async () => {
    expect(await attempt([])).toMatchObject({ outcome: 'ERR_ACCESS_DENIED', code: 0 })
  })

  test('is not lifted silently by execArgv, which makes Node lift it', async () => {
    const { outcome, stderr } = await attempt(['--allow-worker'], '{ "execArgv": [] }')
    const isRefused = outcome !== 'written'
    const isSaid = /async-pool-executor.*permission|permission.*execArgv/is.test(stderr)
    expect({ isRefusedOrSaid: isRefused || isSaid, outcome, stderr }).toMatchObject({ isRefusedOrSaid: true })
  })

  test.each([
    ['allow more', { NODE_OPTIONS: '--allow-fs-write=*' }],
    ['allow more, in quotes that hide it', { NODE_OPTIONS: '"--al\\low-fs-write=*"' }],
  ])('is not lifted by an env whose NODE_OPTIONS %s', async (_what, env) => {
    const { outcome, here } = await attempt(['--allow-worker'], JSON.stringify({ env }))
    expect({ outcome, here, exists: existsSync(file) }).toEqual({
      outcome: 'ERR_INVALID_ARG_TYPE',
      here: false,
      exists: false,
    })
  })

  test('is not lifted by an env without the NODE_OPTIONS that hold it', async () => {
    const options = { NODE_OPTIONS: `${flag} --allow-fs-read=* --allow-worker` }
    const given = [{ env: {} }, { env: options }, undefined]
    const outcomes = []
    for (const one of given) {
      const { outcome, here } = await run([program, file, ...(one ? [JSON.stringify(one)] : [])], options)
      outcomes.push({ outcome, here })
    }
    expect(outcomes).toEqual([
      { outcome: 'ERR_INVALID_ARG_TYPE', here: false },
      { outcome: 'ERR_ACCESS_DENIED', here: false },
      { outcome: 'ERR_ACCESS_DENIED', here: false },
    ])
    expect(existsSync(file)).toBe(false)
  })

  test('lets an env have anything else', async () => {
    const { outcome } = await attempt(['--allow-worker'], JSON.stringify({ env: { PATH: '/' } }))
    expect(outcome).toBe('ERR_ACCESS_DENIED')
  })
})
