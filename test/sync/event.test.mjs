import { fileURLToPath } from 'node:url'
import { TimeoutError } from 'async-pool-executor'
import { Event } from 'async-pool-executor/sync'
import { describe, expect, test } from 'vitest'
import { createExecutor, createSignals, logged } from '../helpers.mjs'
import { awaitWaiters, waitersOf } from './support/waiters.mjs'

const tasks = fileURLToPath(new URL('support/tasks.mjs', import.meta.url))
const limit = 10_000

const faces = {
  wait: (event, timeout) => event.wait(timeout),
  waitAsync: (event, timeout) => event.waitAsync(timeout === undefined ? {} : { timeout }),
}

describe.each(Object.entries(faces))('%s', (_name, wait) => {
  test('returns at once while the event is set', async () => {
    const event = new Event()
    expect(event.isSet()).toBe(false)
    event.set()
    expect(event.isSet()).toBe(true)
    expect(await wait(event)).toBeUndefined()
    await wait(event, 0)
  })

  test('throws when the time is up', async () => {
    const event = new Event()
    for (const timeout of [0, 5])
      await expect((async () => wait(event, timeout))()).rejects.toThrow(TimeoutError)
    event.set()
    event.clear()
    await expect((async () => wait(event, 0))()).rejects.toThrow(TimeoutError)
    expect(waitersOf(event)).toBe(0)
  })

  test('waits for another thread', async () => {
    const event = new Event()
    const task = createExecutor().submit(tasks, 'callWhenWaiting', [event.shared, 1, 'set'])
    await wait(event, limit)
    task.result(limit)
  })
})

test('all who wait go on, though it is cleared at once', async () => {
  const event = new Event()
  const signals = createSignals(10)
  const [one, other] = [createExecutor(10), createExecutor(1)]
  const futures = [1, 2, 3].map(number =>
    one.submit(tasks, 'waitAndLogAsync', [event.shared, signals, number]),
  )
  futures.push(other.submit(tasks, 'waitAndLog', [event.shared, signals, 4]))
  const here = [event.waitAsync({ timeout: limit }), event.waitAsync({ timeout: limit })]
  awaitWaiters(event, 6)
  event.set()
  event.clear()
  const late = event.waitAsync({ timeout: 20 })
  await Promise.all(here)
  await Promise.all(futures.map(future => future.promise()))
  expect(logged(signals).sort()).toEqual([1, 2, 3, 4])
  await expect(late).rejects.toThrow(TimeoutError)
})

test('a signal ends the wait', async () => {
  const event = new Event()
  const controller = new AbortController()
  const waiting = event.waitAsync({ signal: controller.signal })
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
})
