import { describe, expect, test } from 'vitest'
import { runPoolScript } from './support.mjs'

const reports = stderr => stderr.match(/^async-pool-executor: .*/gm) ?? []
const failing = `const pool = new AsyncPool({ size: 2, queueSize: 50, name: 'mine' })
async function fetchPage(n) { await turn(); throw new RangeError('no page ' + n) }
`

describe('a failure that nobody reads', () => {
  test('is reported once, with its stack, and does not end the process', async () => {
    const { lines, stderr, code } = await runPoolScript(`${failing}
await pool.submit(fetchPage, 1)
await pool.join()
await sleep(20)
say('alive', pool.stats().failed)`)
    expect(lines).toEqual(['alive 1'])
    expect(code).toBe(0)
    expect(reports(stderr)).toEqual([
      "async-pool-executor: task 1 of pool 'mine' failed and nobody read its error (fetchPage)",
    ])
    expect(stderr).toContain('RangeError: no page 1\n    at fetchPage')
  })

  test('is reported when its future is garbage', async () => {
    const { stderr, lines } = await runPoolScript(
      `${failing}
import fs from 'node:fs'
await (async () => { await pool.submit(fetchPage, 1) })()
await pool.join()
for (let i = 0; i < 10; i++) { gc(); await sleep(5) }
fs.writeSync(2, 'end\\n')
say('alive')`,
      { flags: ['--expose-gc'] },
    )
    expect(lines).toEqual(['alive'])
    expect(reports(stderr)).toHaveLength(1)
    expect(stderr.indexOf('fetchPage)')).toBeLessThan(stderr.indexOf('end\n'))
  })

  test.each([
    ['of which the promise was asked for and dropped', '(await pool.submit(fetchPage, 1)).promise'],
    ['of a plain function', 'await pool.submit(() => { throw new Error(1) })'],
    ['of a task that took too long', 'await pool.with({ timeout: 1 }).submit(() => sleep(20))'],
    ['that was abandoned', 'await pool.submit(() => sleep(20)); await pool.shutdown({ timeout: 0 })'],
  ])('%s', async (_name, body) => {
    const { lines, stderr, code } = await runPoolScript(`${failing}${body}\nawait pool.join(); say('alive')`)
    expect({ lines, code, reports: reports(stderr).length }).toEqual({
      lines: ['alive'],
      code: 0,
      reports: 1,
    })
  })

  test.each([
    ['break', 'return n', '{}', 'left'],
    ['break, as results are ready', 'return n', '{ ordered: false }', 'left'],
    ['what another one threw', 'throw new RangeError("item 0")', '{}', 'threw item 0'],
  ])('of a position of map that was never reached, for %s', async (_how, first, options, left) => {
    const { lines, stderr } = await runPoolScript(`
const pool = new AsyncPool({ size: 3, onError: error => say(error.message) })
const fails = []
const task = async n => {
  if (n > 0) return new Promise((_, reject) => fails.push(() => reject(new Error('item ' + n))))
  while (fails.length < 2) await turn()
  ${first}
}
try {
  for await (const _ of pool.map(task, [0, 1, 2], ${options})) break
  say('left')
} catch (error) { say('threw', error.message) }
for (const fail of fails) fail()
await pool.join()`)
    expect({ lines, stderr }).toEqual({ lines: [left, 'item 1', 'item 2'], stderr: '' })
  })

  test('goes to `onError`, or nowhere', async () => {
    const { lines, stderr } = await runPoolScript(`
const fail = async text => { throw new Error(text) }
const told = new AsyncPool({ size: 1, name: 'told', onError: (error, task) => say(JSON.stringify([error.message, task])) })
const silent = new AsyncPool({ size: 1, name: 'silent', onError: 'ignore' })
await told.submit(fail, 'a')
await silent.submit(fail, 'b')`)
    expect(stderr).toBe('')
    expect(lines.map(line => JSON.parse(line))).toEqual([['a', { id: 1, name: 'fail', executor: 'told' }]])
  })

  test('of many is told in bounded memory', async () => {
    const { lines, stderr } = await runPoolScript(`${failing}
for (let i = 0; i < 3000; i++) await pool.submit(async () => { throw new Error('same') })
await pool.join()
say(pool.stats().failed)`)
    expect(lines).toEqual(['3000'])
    expect(reports(stderr)).toHaveLength(1001)
    expect(stderr).toContain('and 1999 more like it')
  })
})

describe('a failure that is read', () => {
  test.each([
    [
      'late',
      'const f = await pool.submit(fetchPage, 1); await pool.join(); await sleep(5); await f.promise.catch(say)',
    ],
    [
      'with others, after some of them have failed',
      `const all = []
for (let i = 1; i < 9; i++) { all.push((await pool.submit(fetchPage, i)).promise); await sleep(1) }
await Promise.all(all).catch(say)`,
    ],
    ['by then', 'const f = await pool.submit(fetchPage, 1); f.promise.then(() => {}, say)'],
    [
      'after the future is gone',
      'let p = (await pool.submit(fetchPage, 1)).promise; await pool.join(); for (let i = 0; i < 5; i++) { gc(); await sleep(2) }; await p.catch(say)',
    ],
    ['from run', 'await pool.run(fetchPage, 1).catch(say)'],
    ['from map', 'try { for await (const _ of pool.map(fetchPage, [1])); } catch (error) { say(error) }'],
  ])('%s is not reported', async (_name, body) => {
    const result = await runPoolScript(`${failing}${body}\nawait pool.join()`, { flags: ['--expose-gc'] })
    expect(result).toMatchObject({ lines: ['RangeError: no page 1'], stderr: '', code: 0 })
  })

  test('is not a cancel: that is no failure', async () => {
    const result = await runPoolScript(`${failing}
const future = await pool.submit(() => sleep(20))
future.promise
future.cancel()
await pool.join()`)
    expect(result).toMatchObject({ stderr: '', code: 0 })
  })
})

describe("run's promise, and what is derived from a future's", () => {
  test.each(['pool.run(fetchPage, 1)', '(await pool.submit(fetchPage, 1)).promise.then(say)'])(
    '%s is like any other: unhandled, it ends the process',
    async body => {
      const { code, stderr } = await runPoolScript(`${failing}${body}; await sleep(1000); say('alive')`)
      expect(code).toBe(1)
      expect(stderr).toContain('RangeError: no page 1')
      expect(reports(stderr)).toEqual([])
    },
  )
})
