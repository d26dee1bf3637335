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

describe.concurrent('drainOnSignals', () => {
  test('drains, and then ends with 128 plus the number of the signal', async () => {
    const ended = await end('signal', ['SIGTERM'])
    expect(ended).toMatchObject({ code: 143, signal: null, stdout: ['ready', 'drained'], stderr: '' })
  })

  test('ends at once at a second signal', async () => {
    const ended = await end('two signals', ['SIGTERM', 'SIGTERM'])
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM', stdout: ['ready'], timedOut: false })
  })

  test('leaves the end to a listener of the user', async () => {
    const ended = await end('own listener', ['SIGTERM'])
    expect(ended).toMatchObject({ code: 9, stdout: ['ready', 'own listener', 'drained', 'own end'] })
  })

  test('leaves signals alone without the option', async () => {
    const ended = await end('signal without the option', ['SIGTERM'])
    expect(ended).toMatchObject({ code: null, signal: 'SIGTERM', stdout: ['ready'] })
  })
})
