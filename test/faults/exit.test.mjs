import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { runChild } from './support/run-child.mjs'

const program = fileURLToPath(new URL('support/exit-child.cjs', import.meta.url))

/** @param signals - are sent one after the other: the first when the child is ready, the next ones at once */
async function end(name, signals = []) {
  const onSpawn = child =>
    child.stdout.once('data', () => {
      const [first, ...others] = signals
      if (first === undefined) return
      child.kill(first)
      for (const [index, signal] of others.entries()) setTimeout(() => child.kill(signal), 200 * (index + 1))
    })
  const { code, signal, stdout, stderr, timedOut } = await runChild([program, name], { onSpawn })
  return { code, signal, stdout: stdout.split('\n').filter(Boolean), stderr, timedOut }
}

describe.concurrent('an exit drain with a timeout', () => {
  test.each([
    ['drain timeout', 1, 'sleep'],
    ['drain timeout, loop', 1, 'block'],
    ['drain timeout, own code', 5, 'sleep'],
  ])('ends on time, names what is lost, and fails: %s', async (name, code, fn) => {
    const ended = await end(name)
    expect(ended).toMatchObject({ code, timedOut: false })
    expect(ended.stderr).toContain(`gave up on 1 task of executor 'exiting' after 100 ms: stalls.mjs#${fn}`)
  })

  test('is not there when it is switched off', async () => {
    expect(await end('no drain')).toMatchObject({ code: 0, stderr: '', timedOut: false })
  })
})

describe.concurrent('an executor that breaks during the exit drain', () => {
  test.each([
    ['breaks, no restart', '2 tasks', 'stalls.mjs#exit, stalls.mjs#value'],
    ['breaks, initializer', '1 task', 'stalls.mjs#value'],
    ['breaks in a thread', '1 task', 'stalls.mjs#exit'],
  ])('says what is lost, and the process fails: %s', async (name, count, lost) => {
    const { code, stdout, stderr } = await end(name)
    expect(stderr).toBe(`async-pool-executor: ${count} of executor 'exiting' died with the worker: ${lost}\n`)
    expect({ code, stdout }).toEqual(
      name === 'breaks in a thread' ? { code: 0, stdout: ['1'] } : { code: 1, stdout: [] },
    )
  })

  test('is not reported if the program has heard of it before', async () => {
    expect(await end('broke before')).toMatchObject({ code: 0, stderr: '' })
  })
})

describe.concurrent('drainOnSignals', () => {
  test('drains, and then ends with 128 plus the number of the signal', async () => {
    const ended = await end('signal', ['SIGTERM'])
    expect(ended).toMatchObject({ code: 143, signal: null, stdout: ['ready', 'drained'], stderr: '' })
  })

  test('ends at once at a second signal', async () => {
    const ended = await end('two signals', ['SIGTERM', 'SIGTERM'])
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM', stdout: ['ready'], timedOut: false })
  })

  test('ends at once at a second signal of another kind', async () => {
    const ended = await end('two kinds of signals', ['SIGTERM', 'SIGINT'])
    expect(ended).toMatchObject({ code: null, signal: 'SIGINT', stdout: ['ready'], timedOut: false })
  })

  test.each([
    ['without a limit', 'signal, goes on submitting'],
    ['with a limit, which is not used up', 'signal, goes on submitting, timeout'],
  ])('ends a process that goes on submitting, %s', async (_limit, name) => {
    const ended = await end(name, ['SIGTERM'])
    expect(ended).toMatchObject({ code: 143, signal: null, stderr: '', timedOut: false })
  })

  test('leaves the exit hook what is left of the time', async () => {
    const ended = await end('signal, timeout')
    expect(ended).toMatchObject({ code: 143, stdout: ['in time'] })
    expect(ended.stderr).toContain("gave up on 1 task of executor 'exiting' after 2000 ms: stalls.mjs#sleep")
  })

  test('says which tasks died with the worker meanwhile', async () => {
    const lost =
      "async-pool-executor: 1 task of executor 'exiting' died with the worker: stalls.mjs#exitWhenReleased\n"
    expect(await end('signal, dies')).toMatchObject({ code: 143, stderr: lost })
  })

  test('leaves every signal to a listener of the user', async () => {
    const ended = await end('own listener, several signals', ['SIGTERM', 'SIGTERM', 'SIGTERM'])
    expect(ended).toMatchObject({ code: 9, stdout: ['ready', 'own 1', 'own 2', 'own 3'] })
  })

  test('leaves the end to a listener of the user', async () => {
    const ended = await end('own listener', ['SIGTERM'])
    expect(ended).toMatchObject({ code: 9, stdout: ['ready', 'own listener', 'drained', 'own end'] })
  })

  test('leaves the end to a listener of the user, also to one that was there before and hears it once', async () => {
    const ended = await end('own listener, registered first', ['SIGTERM'])
    expect(ended).toMatchObject({ code: 9, stdout: ['ready', 'own listener', 'drained'] })
  })

  test('leaves signals alone without the option', async () => {
    const ended = await end('signal without the option', ['SIGTERM'])
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM', stdout: ['ready'] })
  })
})
