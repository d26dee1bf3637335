import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { parseLines, runChild } from '../faults/support/run-child.mjs'

const root = fileURLToPath(new URL('../..', import.meta.url))
const program = join(root, 'test/proof/support/million-child.mjs')
const calls = 1_000_000

/** A machine that stops a thread for 50 ms looks like a lost wake-up; a protocol that loses them loses hundreds. */
const mayOversleep = 20

const copies = []
afterAll(() => {
  for (const copy of copies) rmSync(copy, { recursive: true })
})

async function callAMillionTimes(env) {
  const { code, stdout, stderr, timedOut } = await runChild([program, calls], { deadline: 400_000, env })
  const [result] = parseLines(stdout).records
  console.log('identity calls:', result)
  expect({ code, stderr, timedOut }).toEqual({ code: 0, stderr: '', timedOut: false })
  expect(result).toMatchObject({ calls, wrong: 0, completed: calls + 2, failed: 0 })
  expect(result.overslept).toBeLessThan(mayOversleep)
}

test('1,000,000 calls come back right, and no wake-up is lost', () => callAMillionTimes(process.env), 450_000)

test('and again with counters that start just below the wrap at 2^31', async () => {
  const dist = copyWithCounters('2 ** 31 - 50')
  await callAMillionTimes({ ...process.env, APE_DIST: dist })
}, 450_000)

/** The built package, except for where its counters begin. */
function copyWithCounters(firstCount) {
  const copy = mkdtempSync(join(root, 'node_modules/.wrap-'))
  copies.push(copy)
  cpSync(join(root, 'dist'), join(copy, 'dist'), { recursive: true })
  symlinkSync(join(root, 'package.json'), join(copy, 'package.json'))
  const file = join(copy, 'dist/channel.js')
  const source = readFileSync(file, 'utf8')
  const changed = source.replace(/(function createWords\(size, firstCount = )0\)/, `$1${firstCount})`)
  expect(changed).not.toBe(source)
  writeFileSync(file, changed)
  return join(copy, 'dist')
}
