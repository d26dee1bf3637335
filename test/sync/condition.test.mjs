import { fileURLToPath } from 'node:url'
import { TimeoutError } from 'async-pool-executor'
import { Condition, Lock, NotOwnerError } from 'async-pool-executor/sync'
import { describe, expect, test } from 'vitest'
import { log } from '../fixtures/tasks.mjs'
import { createExecutor, createSignals, logged, thrownBy } from '../helpers.mjs'
import { awaitWaiters, waitersOf } from './support/waiters.mjs'

const tasks = fileURLToPath(new URL('support/tasks.mjs', import.meta.url))
const limit = 10_000

const faces = {
  wait: (condition, timeout) => condition.wait(timeout),
  waitAsync: (condition, timeout) => condition.waitAsync(timeout === undefined ? {} : { timeout }),
}

/** Lets `count` waiters of other threads be in line, in the order of their numbers. */
function lineUp(condition, count, signals) {
  const executor = createExecutor(count)
  const futures = []
  for (let number = 0; number < count; number++) {
    futures.push(executor.submit(tasks, 'waitAndLogAsync', [condition.shared, signals, number]))
    awaitWaiters(condition, number + 1)
  }
  return futures
}

function notify(condition, count) {
  const guard = condition.acquire(limit)
  condition.notify(count)
  guard.release()
}

describe.each(Object.entries(faces))('%s', (_name, wait) => {
  test('gives the lock away, and has it again when it is notified', async () => {
    const condition = new Condition()
    const signals = createSignals(1)
    const executor = createExecutor()
    const guard = condition.acquire()
    const task = executor.submit(tasks, 'acquireAndLog', [condition.lock.shared, signals, 1])
    const notifying = executor.submit(tasks, 'notifyWhenWaiting', [condition.shared, 1])
    await wait(condition, limit)
    expect(logged(signals)).toEqual([1])
    expect(condition.lock.locked()).toBe(true)
    expect(() => guard.release()).not.toThrow()
    task.result(limit)
    notifying.result(limit)
  })

  test('has the lock again also when the time is up', async () => {
    const condition = new Condition()
    const guard = condition.acquire()
    for (const timeout of [0, 5]) {
      await expect((async () => wait(condition, timeout))()).rejects.toThrow(TimeoutError)
      expect(condition.lock.locked()).toBe(true)
    }
    guard.release()
    expect(waitersOf(condition)).toBe(0)
  })

  test('needs the lock', async () => {
    const condition = new Condition()
    await expect((async () => wait(condition, 5))()).rejects.toThrow(NotOwnerError)
    expect(condition.lock.locked()).toBe(false)
  })
})

test('a thread that is blocked does not keep the lock for calls of its own that await it', async () => {
  const condition = new Condition()
  const executor = createExecutor()
  const signals = createSignals(3)
  const guard = condition.acquire()
  const own = [1, 2].map(async number => {
    const acquired = await condition.acquireAsync({ timeout: limit })
    log(signals, number)
    acquired.release()
  })
  const notifying = executor.submit(tasks, 'notifyWhenWaiting', [condition.shared, 1])
  const start = performance.now()
  condition.wait(limit)
  expect(performance.now() - start).toBeLessThan(900) // when others go before one who keeps them waiting
  expect(condition.lock.locked()).toBe(true)
  const later = executor.submit(tasks, 'acquireAndLog', [condition.lock.shared, signals, 3])
  awaitWaiters(condition.lock, 3)
  guard.release()
  await Promise.all(own)
  notifying.result(limit)
  later.result(limit)
  expect(logged(signals)).toEqual([1, 2, 3])
  expect(waitersOf(condition.lock)).toBe(0)
  expect(condition.lock.locked()).toBe(false)
})

describe('notify', () => {
  test('needs the lock', () => {
    const condition = new Condition()
    expect(thrownBy(() => condition.notify())).toMatchObject({ code: 'ERR_NOT_OWNER' })
    expect(() => condition.notifyAll()).toThrow(NotOwnerError)
  })

  test('lets the first go on, as many as it says, in the order in which they came', async () => {
    const condition = new Condition()
    const signals = createSignals(20)
    const futures = lineUp(condition, 15, signals)
    notify(condition, 2)
    await Promise.all(futures.slice(0, 2).map(future => future.promise()))
    expect(logged(signals)).toEqual([0, 1])
    expect(waitersOf(condition)).toBe(13)
    notify(condition, 3)
    await Promise.all(futures.slice(2, 5).map(future => future.promise()))
    expect(logged(signals)).toEqual([0, 1, 2, 3, 4])
    const guard = condition.acquire(limit)
    condition.notifyAll()
    guard.release()
    await Promise.all(futures.map(future => future.promise()))
    expect(logged(signals)).toEqual(Array.from({ length: 15 }, (_, number) => number))
  })

  test('is for those who wait, and not for who comes later', async () => {
    const condition = new Condition()
    notify(condition, 5)
    const guard = condition.acquire()
    expect(() => condition.wait(5)).toThrow(TimeoutError)
    guard.release()
  })

  test('that was meant for one who gives up is for the next', async () => {
    const condition = new Condition()
    const controller = new AbortController()
    const waitOnce = async signal => {
      const guard = await condition.acquireAsync()
      try {
        await condition.waitAsync({ ...signal, timeout: limit })
      } finally {
        guard.release()
      }
    }
    const first = waitOnce({ signal: controller.signal })
    const second = waitOnce()
    while (waitersOf(condition) < 2) await new Promise(setImmediate)
    notify(condition, 1)
    controller.abort()
    await expect(first).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
    await second
    expect(condition.lock.locked()).toBe(false)
  })

  test('that came before a blocking wait is for the tasks that waited then', async () => {
    const condition = new Condition()
    const first = (async () => {
      const guard = await condition.acquireAsync()
      await condition.waitAsync({ timeout: limit })
      guard.release()
      return 'notified'
    })()
    while (waitersOf(condition) < 1) await new Promise(setImmediate)
    const guard = condition.acquire()
    condition.notify()
    expect(() => condition.wait(5)).toThrow(TimeoutError)
    guard.release()
    expect(await first).toBe('notified')
  })
})

describe('waitFor', () => {
  test('returns what the predicate returns, once that is true', async () => {
    const condition = new Condition()
    const words = createSignals(1)
    const executor = createExecutor()
    for (const waitFor of ['waitFor', 'waitForAsync']) {
      words[0] = 0
      const task = executor.submit(tasks, 'countUpAndNotify', [condition.shared, words, 3])
      const guard = condition.acquire(limit)
      const value = await condition[waitFor](() => words[0] >= 3 && `it is ${words[0]}`)
      expect(value).toBe('it is 3')
      guard.release()
      task.result(limit)
    }
  })

  test('throws when the time is up, and what the predicate throws, with the lock held', async () => {
    const condition = new Condition()
    const guard = condition.acquire()
    const never = () => false
    const fails = () => {
      throw new RangeError('told to')
    }
    expect(() => condition.waitFor(never, 5)).toThrow(TimeoutError)
    expect(() => condition.waitFor(never, 0)).toThrow(TimeoutError)
    await expect(condition.waitForAsync(never, { timeout: 5 })).rejects.toThrow(TimeoutError)
    expect(() => condition.waitFor(fails)).toThrow(RangeError)
    await expect(condition.waitForAsync(fails)).rejects.toThrow(RangeError)
    expect(() => condition.waitFor(1)).toThrow(TypeError)
    guard.release()
  })

  test('needs the lock also if there is nothing to wait for', async () => {
    const condition = new Condition()
    expect(() => condition.waitFor(() => true)).toThrow(NotOwnerError)
    await expect(condition.waitForAsync(() => true)).rejects.toThrow(NotOwnerError)
  })
})

test('several conditions may have one lock', () => {
  const lock = new Lock()
  const [one, other] = [new Condition(lock), new Condition(lock)]
  expect(one.lock).toBe(lock)
  const guard = lock.acquire()
  one.notify()
  other.notify()
  guard.release()
  expect(thrownBy(() => new Condition({}))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
})
