import { fileURLToPath } from 'node:url'
import { TimeoutError } from 'async-pool-executor'
import { NotOwnerError, Semaphore } from 'async-pool-executor/sync'
import { describe, expect, test } from 'vitest'
import { createExecutor, createSignals, logged, thrownBy } from '../helpers.mjs'
import { awaitWaiters, waitersOf } from './support/waiters.mjs'

const tasks = fileURLToPath(new URL('support/tasks.mjs', import.meta.url))
const limit = 10_000

const faces = {
  acquire: (semaphore, timeout) => semaphore.acquire(timeout),
  acquireAsync: (semaphore, timeout) => semaphore.acquireAsync(timeout === undefined ? {} : { timeout }),
}

describe.each(Object.entries(faces))('%s', (_name, acquire) => {
  test('takes permits while there are any', async () => {
    const semaphore = new Semaphore(2)
    const first = await acquire(semaphore)
    expect([semaphore.available, semaphore.locked()]).toEqual([1, false])
    const second = await acquire(semaphore)
    expect([semaphore.available, semaphore.locked()]).toEqual([0, true])
    expect(semaphore.tryAcquire()).toBeUndefined()
    first.release()
    second[Symbol.dispose]()
    expect(semaphore.available).toBe(2)
  })

  test('throws when the time is up, and takes nothing then', async () => {
    const semaphore = new Semaphore(0)
    for (const timeout of [0, 5]) {
      const error = await (async () => acquire(semaphore, timeout))().catch(error => error)
      expect(error).toBeInstanceOf(TimeoutError)
    }
    expect(waitersOf(semaphore)).toBe(0)
    semaphore.release()
    const permit = await acquire(semaphore, limit)
    permit.release()
  })

  test('waits for a permit that another thread adds', async () => {
    const semaphore = new Semaphore(0)
    const task = createExecutor().submit(tasks, 'callWhenWaiting', [semaphore.shared, 1, 'release'])
    await acquire(semaphore, limit)
    task.result(limit)
    expect(semaphore.available).toBe(0)
  })
})

describe('release', () => {
  test('adds permits beyond those there were, like asyncio', () => {
    const semaphore = new Semaphore(1)
    semaphore.release()
    semaphore.release(3)
    expect(semaphore.available).toBe(5)
  })

  test('is refused to whoever releases what nobody holds, if it is bounded', () => {
    const semaphore = new Semaphore(2, { bounded: true })
    expect(thrownBy(() => semaphore.release())).toBeInstanceOf(NotOwnerError)
    const permit = semaphore.acquire()
    const error = thrownBy(() => semaphore.release(2))
    expect(error).toMatchObject({
      code: 'ERR_NOT_OWNER',
      message: '2 released, but 1 held: the semaphore is bounded',
    })
    expect(semaphore.available).toBe(1)
    permit.release()
    expect(semaphore.available).toBe(2)
  })

  test('of another thread counts for the permits of those who hold some', () => {
    const semaphore = new Semaphore(2, { bounded: true })
    semaphore.acquire()
    createExecutor().run(tasks, 'call', [semaphore.shared, 'release'])
    expect(semaphore.available).toBe(2)
    expect(() => semaphore.release()).toThrow(NotOwnerError)
  })

  test('by a guard happens once', () => {
    const semaphore = new Semaphore(1, { bounded: true })
    const permit = semaphore.acquire()
    semaphore.release()
    expect(() => permit.release()).toThrow(NotOwnerError)
    expect(() => permit.release()).toThrow(NotOwnerError)
    expect(semaphore.available).toBe(1)
  })

  test('by a guard gives back what had been added, too', () => {
    const semaphore = new Semaphore(0)
    semaphore.release()
    const permit = semaphore.acquire()
    expect(semaphore.available).toBe(0)
    permit.release()
    expect(semaphore.available).toBe(1)
  })

  test('lets as many go on as there are permits, in the order in which they came', async () => {
    const semaphore = new Semaphore(0)
    const signals = createSignals(20)
    const executor = createExecutor(20)
    const pending = Array.from({ length: 12 }, (_, number) => {
      const task = executor.submit(tasks, 'acquireAndLogAsync', [semaphore.shared, signals, number])
      awaitWaiters(semaphore, number + 1)
      return task
    })
    semaphore.release(5)
    for (const task of pending) await task.promise() // each passes its permit on
    expect(logged(signals)).toEqual(Array.from({ length: 12 }, (_, number) => number))
    expect(semaphore.available).toBe(5)
  })

  test('goes to others when the first one gives up at that moment', async () => {
    const semaphore = new Semaphore(0)
    const controller = new AbortController()
    const first = semaphore.acquireAsync({ signal: controller.signal })
    const second = semaphore.acquireAsync({ timeout: limit })
    semaphore.release()
    controller.abort()
    await expect(first).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
    await second
    expect(semaphore.available).toBe(0)
  })
})

test('the permits of a thread that died come back', () => {
  const semaphore = new Semaphore(1)
  expect(() => createExecutor().run(tasks, 'exitHolding', [semaphore.shared])).toThrow('exited with code 4')
  semaphore.acquire(limit).release()
  expect(semaphore.available).toBe(1)
})

test('what was added and used up by a thread that died does not come back', () => {
  const semaphore = new Semaphore(1)
  semaphore.release(2)
  const executor = createExecutor()
  for (let permit = 0; permit < 2; permit++) executor.run(tasks, 'acquire', [semaphore.shared])
  expect(semaphore.available).toBe(1)
  expect(() => executor.run(tasks, 'exitHolding', [semaphore.shared])).toThrow('exited with code 4')
  semaphore.acquire(limit)
  expect(semaphore.tryAcquire()).toBeUndefined()
})

test('tells bad arguments', () => {
  const invalid = { code: 'ERR_INVALID_ARG_TYPE' }
  const outOfRange = { code: 'ERR_OUT_OF_RANGE' }
  expect(thrownBy(() => new Semaphore('2'))).toMatchObject(invalid)
  expect(thrownBy(() => new Semaphore(-1))).toMatchObject(outOfRange)
  expect(thrownBy(() => new Semaphore(1.5))).toMatchObject(outOfRange)
  expect(thrownBy(() => new Semaphore(1, { bound: true }))).toMatchObject(invalid)
  expect(thrownBy(() => new Semaphore(1, { bounded: 1 }))).toMatchObject(invalid)
  expect(thrownBy(() => new Semaphore(1).release(0))).toMatchObject(outOfRange)
  expect(thrownBy(() => new Semaphore(2 ** 31 - 1).release())).toMatchObject(outOfRange)
})
