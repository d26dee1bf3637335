import { describe, expect, test } from 'vitest'
import { runPoolScript } from './support.mjs'

const functions = {
  'a member of remote()': `new AsyncPoolExecutor().remote('node:timers/promises').setTimeout`,
  'a function whose name is a symbol': `Object.defineProperty(() => sleep(200), 'name', { value: Symbol('odd') })`,
  'a function whose name cannot be read': `Object.defineProperty(() => sleep(200), 'name', { get() { throw new Error('no') } })`,
  'a proxy that has been released': `(() => {
    const remote = new AsyncPoolExecutor().remote('node:timers/promises')
    const { setTimeout } = remote
    remote[Comlink.releaseProxy]()
    return setTimeout
  })()`,
}

const body = fn => `
import { AsyncPoolExecutor } from 'async-pool-executor'
import * as Comlink from 'comlink'
const pool = new AsyncPool({ size: 1, queueSize: 0, name: 'mine' })
const fn = ${fn}
const tell = error => say(error.code + ': ' + error.message)`

/** What ends a call from outside, and what its error says. */
const endings = {
  timeout: [
    `await pool.with({ timeout: 5 }).run(fn, 200).catch(tell)`,
    /^ERR_TIMEOUT: \(anonymous\) \(task 1 of pool 'mine'\) took longer/,
  ],
  submitTimeout: [
    `await pool.submit(sleep, 200); await pool.with({ submitTimeout: 5 }).run(fn, 1).catch(tell)`,
    /^ERR_QUEUE_FULL: no queue space for \(anonymous\) in pool 'mine'/,
  ],
  'a signal': [
    `const controller = new AbortController()
     const ended = pool.with({ signal: controller.signal }).run(fn, 200).catch(tell)
     controller.abort()
     await ended`,
    /^ERR_CANCELLED: \(anonymous\) \(task 1 of pool 'mine'\) was cancelled/,
  ],
  'a signal that was aborted before': [
    `await pool.with({ signal: AbortSignal.abort() }).run(fn, 1).catch(tell)`,
    /^ERR_CANCELLED: \(anonymous\) \(task 1 of pool 'mine'\) was not accepted: its signal is aborted/,
  ],
  cancel: [
    `const future = await pool.submit(fn, 200); future.cancel(); await future.promise.catch(tell)`,
    /^ERR_CANCELLED: \(anonymous\) \(task 1 of pool 'mine'\) was cancelled/,
  ],
  shutdown: [
    `const ended = pool.run(fn, 200).catch(tell); await pool.shutdown({ timeout: 0 }); await ended`,
    /^ERR_EXECUTOR_CLOSED: \(anonymous\) \(task 1 of pool 'mine'\) was abandoned/,
  ],
}

describe.each(Object.keys(functions).slice(0, 3))('%s', name => {
  test.each(Object.keys(endings))('is ended as any other by %s', async ending => {
    const [call, expected] = endings[ending]
    const { lines, stderr, code } = await runPoolScript(`${body(functions[name])}\n${call}`)
    expect({ stderr, code, lines }).toEqual({
      stderr: '',
      code: 0,
      lines: [expect.stringMatching(expected)],
    })
  })
})

test('a proxy that has been released fails as what it is', async () => {
  const { lines, stderr, code } = await runPoolScript(
    `${body(functions['a proxy that has been released'])}\nawait pool.run(fn, 1).catch(tell)`,
  )
  expect({ stderr, code, lines }).toEqual({
    stderr: '',
    code: 0,
    lines: ['ERR_EXECUTOR: this proxy has been released'],
  })
})

describe('a failure that nobody reads, at exit', () => {
  const failing = {
    'of a member of remote()': `new AsyncPoolExecutor().remote('node:timers/promises').nothing`,
    'of a function whose name is a symbol': `Object.defineProperty(async () => { throw new Error('odd') }, 'name', { value: Symbol('odd') })`,
    'that throws when it is looked at': `async () => { throw { [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('hidden') } } }`,
  }

  test.each(Object.keys(failing))('%s keeps neither others nor later hooks from their turn', async name => {
    const { lines, stderr, code } = await runPoolScript(`${body(failing[name])}
await pool.submit(fn)
await pool.join()
await pool.submit(async function fetchPage() { throw new RangeError('no page') })
await pool.join()
new AsyncPoolExecutor().submit(() => new Promise(resolve => setTimeout(resolve, 50, console.log('accepted task'))))
process.on('exit', () => say('later hook'))`)
    expect({ code, lines }).toEqual({ code: 0, lines: ['accepted task', 'later hook'] })
    expect(stderr).toContain("task 1 of pool 'mine' failed and nobody read its error (")
    expect(stderr).toContain("task 2 of pool 'mine' failed and nobody read its error (fetchPage)")
  })
})
