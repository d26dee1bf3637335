import { constants } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { createGate, lines, recordsIn, startTask } from './support/command.mjs'
import { Ledger } from './support/ledger.mjs'

/** A process that is ended by a signal, as the command is where its worker does not react in time, has no code. */
function statusInShell({ code, signal }) {
  return code ?? 128 + constants.signals[signal]
}

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
])('the first %s', (signal, status) => {
  test('stops the reading, lets what runs end, and says how it stands', async () => {
    const gate = await createGate()
    const running = startTask('held', ['-s', '2'], { input: null, env: gate.env })
    running.child.stdin.write(lines(50))
    const [first, second] = [await gate.next(), await gate.next()]
    running.child.kill(signal)
    await running.said('waiting for the calls that are running')
    running.child.stdin.write(lines(50, 51))
    first.answer({ value: 'one' })
    second.answer({ value: 'two' })
    const { code, records, stderr } = await running.result
    expect(records).toEqual([
      { index: 0, ok: true, value: 'one' },
      { index: 1, ok: true, value: 'two' },
    ])
    expect(gate.waiting).toBe(0)
    expect(code).toBe(status)
    expect(stderr).toContain('2 rows done: 2 ok, 0 failed')
    expect(stderr).toContain(
      'interrupted: the rest of the input is not done, nor are 6 rows of what was read',
    )
  })
})

test('every call that has started is awaited, and its row is done', async () => {
  const within = folder()
  for (const name of ['one', 'two', 'three', 'four', 'five']) {
    const ledger = new Ledger(join(within, name))
    const env = { LEDGER: ledger.path }
    const running = startTask('noted', ['-s', '5', '-q'], { input: lines(5000), env })
    await ledger.grows(2000, running.result)
    running.child.kill('SIGINT')
    const { code, records } = await running.result
    expect(code).toBe(130)
    const done = records.map(({ index }) => index + 1)
    expect(ledger.values('begin').sort((one, other) => one - other)).toEqual(done)
  }
})

test('an interrupt ends waits for retries, for their time, and for input', async () => {
  for (const [fn, args] of [
    ['failingAt', ['--retries', '5', '--retry-delay', '1h']],
    ['failingAt', ['--rate', '1/h']],
  ]) {
    const running = startTask(fn, args, { input: null })
    running.child.stdin.write(lines(3))
    await running.said('at ')
    running.child.kill('SIGINT')
    expect(await running.result).toMatchObject({ code: 130 })
  }
})

test('an interrupt while the module loads ends the run', async () => {
  const within = folder()
  const running = startTask('echo', ['--env-file', '/dev/null'], { input: null, cwd: within })
  running.child.kill('SIGINT')
  expect(statusInShell(await running.result)).toBe(130) // as early as before there is anybody to hear it
})

describe('the second interrupt', () => {
  test('ends at once with its status, whatever runs', async () => {
    const running = startTask('never', [], { input: 'a\n' })
    // Nothing tells that a call that does nothing runs; the progress line that says so comes late enough.
    await running.said('1 running')
    running.child.kill('SIGINT')
    await running.said('waiting for the calls')
    running.child.kill('SIGINT')
    expect(await running.result).toMatchObject({ code: 130, stdout: '' })
  })

  test('ends at once though a call blocks its thread', async () => {
    const running = startTask('blocking', ['-f', 'ndjson'], { input: '600\n' })
    await running.said('running')
    running.child.kill('SIGINT')
    await running.said('waiting for the calls')
    running.child.kill('SIGINT')
    expect(statusInShell(await running.result)).toBe(130)
  })

  test('leaves in the checkpoint what was done, and only that', async () => {
    const gate = await createGate()
    const within = folder()
    const [output, checkpoint] = [join(within, 'out'), join(within, 'checkpoint')]
    const args = ['-s', '2', '-o', output, '-c', checkpoint]
    const running = startTask('held', args, { input: lines(3), env: gate.env })
    const [first, second] = [await gate.next(), await gate.next()]
    first.answer({ value: 'one' })
    const third = await gate.next()
    running.child.kill('SIGINT')
    await running.said('waiting for the calls')
    running.child.kill('SIGINT')
    expect(statusInShell(await running.result)).toBe(130)
    expect([second.value, third.value]).toEqual(['2', '3'])

    const again = startTask('held', args, { input: lines(3), env: gate.env })
    gate.open({ value: 'again' })
    expect(await again.result).toMatchObject({ code: 0 })
    expect(recordsIn(output).map(({ value }) => value)).toEqual(['one', 'again', 'again'])
  })
})
