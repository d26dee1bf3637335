import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { randomOf } from '../proof/support/random.mjs'
import { createGate, lines, recordsIn, recordsOf, startTask } from './support/command.mjs'
import { Ledger, rowsIn, until } from './support/ledger.mjs'

/** The files of a run with a checkpoint, in a folder of its own. */
function createJob(fn, args) {
  const within = folder()
  const names = ['input', 'output', 'errors', 'checkpoint', 'ledger']
  const paths = Object.fromEntries(names.map(name => [name, join(within, name)]))
  const given = args(paths)
  return {
    ...paths,
    ledger: new Ledger(paths.ledger),
    start: (options = {}, more = []) =>
      startTask(options.fn ?? fn, [...given, '-c', paths.checkpoint, ...more], {
        ...options,
        env: { LEDGER: paths.ledger, ...options.env },
      }),
  }
}

const rowCount = 300
const size = 4

/** Values 1 to `rowCount`, in rows from 0. */
const expected = Array.from({ length: rowCount }, (_, index) =>
  (index + 1) % 10 === 3 ? { index, ok: false } : { index, ok: true },
)

/**
 * Kills the command again and again, at moments that the seed decides, and then lets it come to its end. After each kill
 * the checkpoint says what is done; none of that may ever begin again.
 */
async function killUntilDone(job, seed, options = {}) {
  const random = randomOf(seed)
  let printed = ''
  let kills = 0
  for (;;) {
    const before = rowsIn(job.checkpoint)
    const begun = job.ledger.values('begin').length
    const run = job.start({ ...options, deadline: 50_000 })
    // One time in five it is killed before it has begun, or while it goes back to where it was.
    if (kills < 12) {
      if (random.below(5) > 0) await job.ledger.grows(10 + random.below(400), run.result)
      else await new Promise(resolve => setTimeout(resolve, random.below(400)))
      run.killAll()
    }
    const { code } = await run.result
    printed += run.stdout.slice(0, run.stdout.lastIndexOf('\n') + 1)
    for (const value of job.ledger.values('begin').slice(begun)) expect(before).not.toContain(value - 1)
    const done = rowsIn(job.checkpoint)
    const ended = new Set(job.ledger.values('end').map(value => value - 1))
    // What had ended and is not remembered was in flight: handed to the executor, which takes 2 * size.
    expect([...ended].filter(row => !done.has(row)).length).toBeLessThanOrEqual(2 * size)
    kills++
    if (code !== null) return { code, printed, kills }
  }
}

function expectComplete(records) {
  expect(records.map(({ index, ok }) => ({ index, ok }))).toEqual(expected)
  for (const { index, ok, value } of records) if (ok) expect(value).toBe((index + 1) * 2)
}

describe('a run that is killed again and again', () => {
  const files = ({ input, output }) => ['-i', input, '-o', output, '-s', String(size)]

  test.each([1, 2, 3])('ends with every row done and in its file once (seed %i)', async seed => {
    const job = createJob('noted', paths => [...files(paths), '-e', paths.errors])
    writeFileSync(job.input, lines(rowCount))
    const { code, kills } = await killUntilDone(job, seed)
    expect(code).toBe(1)
    expect(kills).toBeGreaterThan(5)
    expect(recordsIn(job.output).every(({ ok }) => ok)).toBe(true)
    expectComplete(
      [...recordsIn(job.output), ...recordsIn(job.errors)].sort((one, other) => one.index - other.index),
    )
  })

  test.each([4, 5])('keeps the order of the input (seed %i)', async seed => {
    const job = createJob('noted', paths => [...files(paths), '--ordered'])
    writeFileSync(job.input, lines(rowCount))
    await killUntilDone(job, seed)
    const text = readFileSync(job.output, 'utf8')
    const order = [...text.matchAll(/^\{"index":(\d+)/gm)].map(([, index]) => Number(index))
    expect(order).toEqual(Array.from({ length: rowCount }, (_, index) => index))
    expectComplete(recordsOf(text))
  })

  test('survives being killed while the checkpoint is rewritten, which large results make frequent', async () => {
    const job = createJob('notedLarge', files)
    writeFileSync(job.input, lines(rowCount))
    await killUntilDone(job, 6)
    const records = recordsIn(job.output)
    expect(records.map(({ index, value }) => [index, value.length])).toEqual(
      Array.from({ length: rowCount }, (_, index) => [index, 200_000 + index + 1]),
    )
  })

  test('prints to a pipe what it had not printed, and at most once more what it had', async () => {
    const job = createJob('noted', () => ['-s', String(size)])
    const { printed } = await killUntilDone(job, 7, { input: lines(rowCount) })
    const records = recordsOf(printed)
    const byRow = new Map(records.map(record => [record.index, record]))
    expectComplete([...byRow.values()])
    for (const record of records) expect(record).toEqual(byRow.get(record.index))
  })
})

describe('a checkpoint', () => {
  /** Two rows are done, two were in flight when it was killed, and two have not been read. */
  async function interrupted(args = []) {
    const gate = await createGate()
    const job = createJob('held', ({ input, output }) => ['-i', input, '-o', output, '-s', '2', ...args])
    writeFileSync(job.input, lines(6))
    const run = job.start({ env: gate.env })
    const [first, second] = [await gate.next(), await gate.next()]
    second.answer({ value: 'second' })
    const third = await gate.next()
    first.answer({ value: 'first' })
    await gate.next()
    await until(() => rowsIn(job.checkpoint).size === 2)
    run.killAll()
    await run.result
    expect(third.value).toBe('3')
    return { job, gate }
  }

  async function finish({ job, gate }) {
    gate.open({ value: 'later' })
    return job.start({ env: gate.env }).result
  }

  const whole = ['first', 'second', 'later', 'later', 'later', 'later']

  test('lets a run go on, and what is done is not done again', async () => {
    const state = await interrupted()
    const { stderr, code } = await finish(state)
    expect(recordsIn(state.job.output).map(({ value }) => value)).toEqual(whole)
    expect(stderr).toContain('6 rows done: 6 ok, 0 failed, 2 of them by earlier runs')
    expect(code).toBe(0)
  })

  test('of a run that has come to its end leaves nothing to do', async () => {
    const state = await interrupted()
    await finish(state)
    const before = readFileSync(state.job.output, 'utf8')
    expect(await state.job.start().result).toMatchObject({ code: 0, stdout: '' })
    expect(readFileSync(state.job.output, 'utf8')).toBe(before)
  })

  test('survives the loss of any part of its last line', async () => {
    const state = await interrupted()
    const { checkpoint, output } = state.job
    const [remembered, written] = [readFileSync(checkpoint, 'utf8'), readFileSync(output, 'utf8')]
    const lastLine = remembered.length - 1 - remembered.lastIndexOf('\n', remembered.length - 2)
    for (const cut of [1, 2, Math.floor(lastLine / 2), lastLine - 1]) {
      writeFileSync(checkpoint, remembered.slice(0, -cut))
      writeFileSync(output, written)
      expect(await finish(state)).toMatchObject({ code: 0 })
      expect(recordsIn(output).map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5])
    }
  })

  test('cuts off what was written after it, also half a line', async () => {
    const state = await interrupted()
    const { job } = state
    writeFileSync(job.output, '{"index":99,"ok":true,"va', { flag: 'a' })
    await finish(state)
    expect(recordsIn(job.output).map(({ value }) => value)).toEqual(whole)
  })

  test('keeps what waits for slower rows', async () => {
    const gate = await createGate()
    const job = createJob('held', ({ input, output }) => ['-i', input, '-o', output, '-s', '2', '--ordered'])
    writeFileSync(job.input, lines(4))
    const run = job.start({ env: gate.env })
    const [first, second] = [await gate.next(), await gate.next()]
    second.answer({ value: 'second' })
    const third = await gate.next()
    run.child.kill('SIGINT')
    await run.said('waiting for the calls')
    run.child.kill('SIGINT') // the first row is never done
    await run.result
    expect([first.value, third.value]).toEqual(['1', '3'])
    expect(readFileSync(job.output, 'utf8')).toBe('')
    gate.open({ value: 'later' })
    await job.start({ env: gate.env }).result
    expect(recordsIn(job.output).map(({ value }) => value)).toEqual(['later', 'second', 'later', 'later'])
  })

  test('is refused if anything of it is damaged', async () => {
    const state = await interrupted()
    const { job } = state
    const good = readFileSync(job.checkpoint, 'utf8').split('\n')
    for (const [line, message] of [
      [0, 'is there already, and is no checkpoint'],
      [1, 'is there already, and is no checkpoint'],
      [2, 'is damaged: line 3 is no record'],
    ]) {
      writeFileSync(
        job.checkpoint,
        good.map((text, position) => (position === line ? '{"row":oops' : text)).join('\n'),
      )
      const { code, stderr } = await job.start().result
      expect(code).toBe(2)
      expect(stderr).toContain(message)
    }
  })

  test('does not overwrite a file that is something else', async () => {
    const job = createJob('echo', () => [])
    writeFileSync(job.checkpoint, 'my notes')
    expect(await job.start({ input: lines(2) }).result).toMatchObject({ code: 2, stdout: '' })
    expect(readFileSync(job.checkpoint, 'utf8')).toBe('my notes')
  })

  test('is refused where none can be made, before the module is loaded', async () => {
    const within = folder()
    for (const path of [join(within, 'no/such/folder'), within, '/dev/null']) {
      const { code, stderr } = await startTask('not there', ['-c', path]).result
      expect(stderr).toMatch(/^async-pool: cannot write --checkpoint .*: .*\n$/)
      expect(code).toBe(2)
    }
    mkdirSync(join(within, 'checkpoint.tmp'))
    const { code, stderr } = await startTask('echo', ['-c', join(within, 'checkpoint')]).result
    expect(stderr).toMatch(/^async-pool: cannot write --checkpoint .*: EISDIR.*\n$/)
    expect(code).toBe(2)
  })

  test('may be behind a link, which stays one', async () => {
    const within = folder()
    const [link, target] = [join(within, 'link'), join(within, 'target')]
    symlinkSync('target', link)
    for (const rows of [0, 1]) {
      expect(rowsIn(target).size).toBe(rows)
      expect(await startTask('echo', ['-q', '-c', link], { input: lines(1) }).result).toMatchObject({
        code: 0,
      })
    }
    expect(lstatSync(link).isSymbolicLink()).toBe(true)
  })

  test('of another run is refused', async () => {
    const state = await interrupted()
    const { job } = state
    const output = readFileSync(job.output, 'utf8')
    const refused = async (what, options, more = []) => {
      const { code, stderr } = await job.start(options, more).result
      expect(stderr).toMatch(new RegExp(`--checkpoint .* is of another run: its ${what} was `))
      expect(code).toBe(2)
    }
    await refused('function', { fn: 'echo' })
    await refused('format', {}, ['-f', 'ndjson'])
    await refused('values', {}, ['--values'])
    await refused('ordered', {}, ['--ordered'])
    await refused('output', {}, ['-o', `${job.output}.other`])
    writeFileSync(job.input, lines(7))
    await refused('input', {})
    expect(readFileSync(job.output, 'utf8')).toBe(output)
  })

  test('is refused without the file of results that it belongs to', async () => {
    const state = await interrupted()
    await finish(state)
    truncateSync(state.job.output, 10)
    const { code, stderr } = await state.job.start().result
    expect(code).toBe(2)
    expect(stderr).toMatch(
      /cannot write --output .*: it has 10 bytes, and had \d+ when the checkpoint was written/,
    )
    unlinkSync(state.job.output)
    const gone = await state.job.start().result
    expect(gone.code).toBe(2)
    expect(gone.stderr).toMatch(
      /^async-pool: cannot write --output .*: it is gone, and .*\. Put it back, or delete the checkpoint to start anew\n$/,
    )
  })
})

describe('an input that comes through a pipe', () => {
  async function interrupted() {
    const gate = await createGate()
    const job = createJob('held', ({ output }) => ['-o', output, '-s', '2'])
    const run = job.start({ input: lines(6), env: gate.env })
    const [first] = [await gate.next(), await gate.next()]
    first.answer({ value: 'first' })
    await until(() => rowsIn(job.checkpoint).size === 1)
    run.killAll()
    await run.result
    gate.open({ value: 'later' })
    return { job, env: gate.env }
  }

  test('may come again, and may go on where it had ended', async () => {
    const { job, env } = await interrupted()
    expect(await job.start({ input: lines(7), env }).result).toMatchObject({ code: 0 })
    expect(recordsIn(job.output).map(({ value }) => value)).toEqual(['first', ...Array(6).fill('later')])
  })

  test.each([
    ['begins differently', '0\n2\n3\n4\n5\n6\n'],
    ['differs later', '1\n2\n3\n4\n5\n7\n'],
    ['is shorter', '1\n2\n3\n'],
  ])('is refused if it %s, before anything is called', async (_what, input) => {
    const { job } = await interrupted()
    const { code, stderr } = await job.start({ input, fn: 'held', env: { GATE: '/no/gate' } }).result
    expect(stderr).toContain('the input is not the one that the checkpoint is of')
    expect(code).toBe(2)
    expect(rowsIn(job.checkpoint)).toEqual(new Set([0]))
    expect(existsSync(job.ledger.path)).toBe(false)
  })
})
