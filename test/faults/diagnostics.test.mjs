import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'
import { afterEach, describe, expect, test } from 'vitest'

const { AsyncPoolExecutor } = createRequire(import.meta.url)('../..')
const tasks = new URL('fixtures/stalls.mjs', import.meta.url)
const kinds = ['submitted', 'started', 'settled', 'worker-started', 'worker-died']

const subscriptions = []
function listen(kind, listener) {
  subscribe(`async-pool-executor:${kind}`, listener)
  subscriptions.push([`async-pool-executor:${kind}`, listener])
}
afterEach(() => {
  for (const [name, listener] of subscriptions.splice(0)) unsubscribe(name, listener)
})

describe('diagnostics_channel', () => {
  test('tells the life of each task and worker, in order', () => {
    const events = []
    for (const kind of kinds) listen(kind, message => events.push([kind, message]))
    const executor = new AsyncPoolExecutor({ name: 'told', onError: 'ignore' })
    executor.run(tasks, 'value', [1])
    executor.submit(tasks, 'exit', [3]).error(10_000)
    executor.run(tasks, 'value', [2])
    executor.shutdown()
    const task = (id, fn) => ({ id, name: `stalls.mjs#${fn}`, executor: 'told' })
    const life = (id, fn, state) => [
      ['submitted', task(id, fn)],
      ['started', task(id, fn)],
      ['settled', { ...task(id, fn), state }],
    ]
    const of = id => events.filter(([, message]) => message.id === id)
    expect(of(1)).toEqual(life(1, 'value', 'fulfilled'))
    expect(of(2)).toEqual(life(2, 'exit', 'rejected'))
    expect(of(3)).toEqual(life(3, 'value', 'fulfilled'))
    const [, died] = events.find(([kind]) => kind === 'worker-died')
    const reason = 'it exited with code 3'
    expect(died).toStrictEqual({ executor: 'told', exitCode: 3, reason, error: undefined })
    const workers = events.filter(([kind]) => kind === 'worker-started').map(([, message]) => message)
    expect(workers).toEqual([0, 1].map(restarts => ({ executor: 'told', restarts })))
  })

  test('tells with which error a worker died', () => {
    const events = []
    listen('worker-died', message => events.push(message))
    const executor = new AsyncPoolExecutor({ name: 'told', onError: 'ignore' })
    executor.submit(tasks, 'throwLater').error(10_000)
    executor.shutdown()
    const reason = 'an uncaught error ended it'
    expect(events).toEqual([
      { executor: 'told', exitCode: 1, reason, error: expect.objectContaining({ message: 'boom' }) },
    ])
  })

  test('always says which task has started, also of one that was cancelled meanwhile', () => {
    const heard = []
    listen('started', message => heard.push(message))
    const executor = new AsyncPoolExecutor({ size: 1 })
    const words = new Int32Array(new SharedArrayBuffer(32))
    const future = executor.submit(tasks, 'ignore', [words])
    Atomics.wait(words, 0, 0, 10_000)
    future.cancel()
    Atomics.store(words, 3, 1)
    executor.run(tasks, 'value', [1])
    executor.shutdown()
    expect(heard).not.toContain(undefined)
  })

  test('a subscriber may submit, also while a worker dies', () => {
    const executor = new AsyncPoolExecutor({ onError: 'ignore' })
    const words = new Int32Array(new SharedArrayBuffer(32))
    let submitted = 0
    for (const kind of ['settled', 'worker-died'])
      listen(kind, message => {
        if (message.state === 'fulfilled' || submitted === 2) return
        submitted++
        executor.submit(tasks, 'initialize', [words])
      })
    executor.submit(tasks, 'exit', [3]).error(10_000)
    expect(executor.join(10_000)).toBe(true)
    executor.shutdown()
    expect({ submitted, runs: words[4] }).toEqual({ submitted: 2, runs: 2 })
  })
})
