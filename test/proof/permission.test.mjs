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
  const { stdout, stderr, code } = await runChild([
    flag,
    '--allow-fs-read=*',
    ...flags,
    program,
    file,
    ...args,
  ])
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
    const { outcome, stderr } = await attempt(['--allow-worker'], '[]')
    const isRefused = outcome !== 'written'
    const isSaid = /async-pool-executor.*permission|permission.*execArgv/is.test(stderr)
    expect({ isRefusedOrSaid: isRefused || isSaid, outcome, stderr }).toMatchObject({ isRefusedOrSaid: true })
  })
})
