import { fileURLToPath } from 'node:url'
import { TimeoutError } from 'async-pool-executor'
import { Barrier, BrokenBarrierError } from 'async-pool-executor/sync'
import { describe, expect, test } from 'vitest'
import { createExecutor, thrownBy } from '../helpers.mjs'
import { awaitWaiters, waitersOf } from './support/waiters.mjs'

const tasks = fileURLToPath(new URL('support/tasks.mjs', import.meta.url))
const limit = 10_000

const faces = {
  wait: (barrier, timeout) => barrier.wait(timeout),
  waitAsync: (barrier, timeout) => barrier.waitAsync(timeout === undefined ? {} : { timeout }),
}

describe.each(Object.entries(faces))('%s', (_name, wait) => {
  test('returns when all have come, with how many had come before', async () => {
    const barrier = new Barrier(3)
    const executor = createExecutor(2)
    for (let round = 0; round < 5; round++) {
      const others = [1, 2].map(() =>
        executor.submit(tasks, 'call', [barrier.shared, 'waitAsync', { timeout: limit }]),
      )
      const index = await wait(barrier, limit)
      expect([index, ...others.map(other => other.result(limit))].sort()).toEqual([0, 1, 2])
      expect([barrier.parties, barrier.waiting, barrier.broken]).toEqual([3, 0, false])
    }
  })

  test('of the only party returns at once', async () => {
    expect(await wait(new Barrier(1), 0)).toBe(0)
  })

  test('throws when the time is up, as if it had not come', async () => {
    const barrier = new Barrier(2)
    for (const timeout of [0, 5]) {
      const error = await (async () => wait(barrier, timeout))().catch(error => error)
      expect(error).toBeInstanceOf(TimeoutError)
      expect(error.message).toContain('lacked 2 of 2 parties')
      expect(barrier.waiting).toBe(0)
    }
    const other = createExecutor().submit(tasks, 'call', [barrier.shared, 'waitAsync', { timeout: limit }])
    awaitWaiters(barrier, 1)
    expect(await wait(barrier, limit)).toBe(1)
    expect(other.result(limit)).toBe(0)
  })

  test('tells the last, and no other, that all have come, also when one gave up before', async () => {
    const barrier = new Barrier(3)
    const givesUp = barrier.waitAsync({ timeout: 5 }).catch(error => error)
    const others = [barrier.waitAsync()]
    expect(await givesUp).toBeInstanceOf(TimeoutError)
    others.push(barrier.waitAsync())
    expect(await wait(barrier, limit)).toBe(2)
    for (const index of await Promise.all(others)) expect(index).toBeLessThan(2)
  })

  test('throws when another thread breaks the round', async () => {
    const barrier = new Barrier(3)
    const executor = createExecutor()
    for (const method of ['reset', 'abort']) {
      const breaking = executor.submit(tasks, 'callWhenWaiting', [barrier.shared, 1, method])
      const error = await (async () => wait(barrier, limit))().catch(error => error)
      expect(error).toBeInstanceOf(BrokenBarrierError)
      expect(error).toMatchObject({ code: 'ERR_BROKEN_BARRIER' })
      breaking.result(limit)
    }
    expect(barrier.broken).toBe(true)
    await expect((async () => wait(barrier))()).rejects.toThrow(BrokenBarrierError)
    expect(waitersOf(barrier)).toBe(0)
  })
})

test('a round that is broken does not touch the next', async () => {
  const barrier = new Barrier(2)
  const lost = barrier.waitAsync()
  barrier.abort()
  barrier.reset()
  expect(barrier.broken).toBe(false)
  const round = [barrier.waitAsync(), barrier.waitAsync()]
  await expect(lost).rejects.toThrow(BrokenBarrierError)
  expect(await Promise.all(round)).toEqual([0, 1])
})

test('of two rounds at once, each learns what became of it', async () => {
  const barrier = new Barrier(2)
  const complete = [barrier.waitAsync(), barrier.waitAsync()]
  const broken = barrier.waitAsync()
  barrier.reset()
  const brokenToo = barrier.waitAsync()
  barrier.reset()
  expect(await Promise.all(complete)).toEqual([0, 1])
  await expect(broken).rejects.toThrow(BrokenBarrierError)
  await expect(brokenToo).rejects.toThrow(BrokenBarrierError)
})

test('a signal ends the wait, and the place is free again', async () => {
  const barrier = new Barrier(2)
  const controller = new AbortController()
  const waiting = barrier.waitAsync({ signal: controller.signal })
  expect(barrier.waiting).toBe(1)
  controller.abort()
  await expect(waiting).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
  expect(barrier.waiting).toBe(0)
})

test('tells bad arguments', () => {
  expect(thrownBy(() => new Barrier())).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  expect(thrownBy(() => new Barrier({}))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  expect(thrownBy(() => new Barrier(0))).toMatchObject({ code: 'ERR_OUT_OF_RANGE' })
})
