import { AsyncLocalStorage } from 'node:async_hooks'
import { createRequire } from 'node:module'
import { ExecutorClosedError as FromExecutor } from 'async-pool-executor'
import * as imported from 'async-pool-executor/async'
import { AsyncPool, ExecutorClosedError } from 'async-pool-executor/async'
import { describe, expect, test } from 'vitest'
import { createPool, rejectionOf, settle, Work, watch } from './support.mjs'

describe('run', () => {
  test('gives what an async function returns', async () => {
    expect(await createPool(2).run(async (a, b) => a + b, 1, 2)).toBe(3)
  })

  test('gives what a plain function returns', async () => {
    const pool = createPool(1)
    expect(await pool.run(a => a * 2, 21)).toBe(42)
    expect(pool.stats()).toMatchObject({ running: 0, completed: 1 })
  })

  test('waits for a thenable that is not a promise', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is the point
    const thenable = { then: resolve => setImmediate(resolve, 'there') }
    const pool = createPool(1)
    const result = pool.run(() => thenable)
    expect(pool.stats().running).toBe(1)
    expect(await result).toBe('there')
  })

  test('rejects with what is thrown, at once or later, and goes on', async () => {
    const pool = createPool(1)
    const error = new RangeError('no')
    const throwing = [
      () => {
        throw error
      },
      async () => {
        throw error
      },
      async () => {
        await settle()
        throw error
      },
    ]
    for (const fn of throwing) expect(await rejectionOf(pool.run(fn))).toBe(error)
    expect(await rejectionOf(pool.run(() => Promise.reject(undefined)))).toBeUndefined()
    expect(await pool.run(() => 'still there')).toBe('still there')
    expect(pool.stats()).toMatchObject({ failed: 4, completed: 1, running: 0 })
  })

  test('a getter of `then` that throws is the failure of that task alone', async () => {
    const pool = createPool(1)
    const returned = {
      // biome-ignore lint/suspicious/noThenProperty: that is the point
      get then() {
        throw new Error('then')
      },
    }
    expect(await rejectionOf(pool.run(() => returned))).toMatchObject({ message: 'then' })
    expect(await pool.run(() => 1)).toBe(1)
  })

  test('calls the function at once, without `this`, if a slot is free', async () => {
    const pool = createPool(1)
    let seen
    const result = pool.run(function () {
      seen = { self: this }
    })
    expect(seen).toEqual({ self: undefined })
    await result
  })

  test('runs at most `size` at once, in order', async () => {
    const pool = createPool({ size: 3, queueSize: 2 })
    const work = new Work()
    const results = Promise.all(Array.from({ length: 20 }, (_, id) => pool.run(work.task, id)))
    expect(work.running).toEqual([0, 1, 2])
    expect(pool.stats()).toMatchObject({ running: 3, queued: 2, waiting: 15 })
    await work.finishAll()
    expect(await results).toEqual(Array.from({ length: 20 }, (_, id) => id))
    expect(work.started).toEqual(Array.from({ length: 20 }, (_, id) => id))
    expect(work.most).toBe(3)
  })
})

describe('submit', () => {
  test('resolves when there is space, and not before', async () => {
    const pool = createPool({ size: 2, queueSize: 1 })
    const work = new Work()
    const accepted = [0, 1, 2, 3, 4].map(id => watch(pool.submit(work.task, id)))
    const states = () => accepted.map(({ state }) => state)
    await settle()
    expect(states()).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'pending', 'pending'])
    expect(pool.stats()).toMatchObject({ running: 2, queued: 1, waiting: 2 })
    await work.finish(1)
    expect(states()).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'fulfilled', 'pending'])
    await work.finish(0)
    expect(states()[4]).toBe('fulfilled')
    expect(pool.stats()).toMatchObject({ running: 2, queued: 1, waiting: 0 })
    await work.finishAll()
  })

  test('gives a future that says where its task stands', async () => {
    const pool = createPool({ size: 1, queueSize: 3 })
    const work = new Work()
    const futures = []
    for (const id of [1, 2, 3]) futures.push(await pool.submit(work.task, id))
    const states = () => futures.map(({ state }) => state)
    expect(states()).toEqual(['running', 'queued', 'queued'])
    expect(futures.map(({ id }) => id)).toEqual([1, 2, 3])
    await work.finish(1, 'one')
    expect(states()).toEqual(['fulfilled', 'running', 'queued'])
    const error = new Error('two')
    await work.fail(2, error)
    expect(states()).toEqual(['fulfilled', 'rejected', 'running'])
    futures[2].cancel()
    expect(states()).toEqual(['fulfilled', 'rejected', 'cancelled'])
    expect(await futures[0].promise).toBe('one')
    expect(await rejectionOf(futures[1].promise)).toBe(error)
    expect(await rejectionOf(futures[2].promise)).toMatchObject({ code: 'ERR_CANCELLED' })
    await work.finish(3)
  })

  test('gives a future that is no thenable, and always the same promise', async () => {
    const future = await createPool(1).submit(() => 1)
    expect(future).not.toHaveProperty('then')
    expect(future.promise).toBe(future.promise)
    expect(future.promise).toBeInstanceOf(Promise)
    expect(await future.promise).toBe(1)
    expect(await future.promise.then(value => value + 1)).toBe(2)
    expect(future.promise.then(value => value)).toBeInstanceOf(Promise)
  })

  test('with `queueSize` 0 waits for a free slot', async () => {
    const pool = createPool({ size: 2, queueSize: 0 })
    const work = new Work()
    const accepted = [0, 1, 2].map(id => watch(pool.submit(work.task, id)))
    await settle()
    expect(accepted.map(({ state }) => state)).toEqual(['fulfilled', 'fulfilled', 'pending'])
    expect(pool.stats()).toMatchObject({ running: 2, queued: 0, waiting: 1 })
    await work.finish(0)
    expect(accepted[2].state).toBe('fulfilled')
    expect(accepted[2].value.state).toBe('running')
    await work.finishAll()
  })

  test('lets in no later call before an earlier one, whatever their priorities', async () => {
    const pool = createPool({ size: 1, queueSize: 0 })
    const work = new Work()
    const urgent = pool.with({ priority: 9 })
    for (const [id, face] of [pool, pool, urgent, pool, urgent].entries()) watch(face.submit(work.task, id))
    await work.finishAll()
    expect(work.started).toEqual([0, 1, 2, 3, 4])
  })
})

describe('trySubmit', () => {
  test('gives a future while there is space, and then nothing', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    const futures = [1, 2, 3].map(id => pool.trySubmit(work.task, id))
    expect(futures.map(future => future?.state)).toEqual(['running', 'queued', undefined])
    await work.finish(1)
    expect(pool.trySubmit(work.task, 3).state).toBe('queued')
    await work.finishAll()
    expect(work.started).toEqual([1, 2, 3])
  })

  test('fills every slot with `queueSize` 0, also from within a task that starts', async () => {
    const pool = createPool({ size: 3, queueSize: 0 })
    const work = new Work()
    const inner = []
    await pool.submit(() => {
      for (const id of [1, 2, 3]) inner.push(pool.trySubmit(work.task, id))
      return work.task(0)
    })
    expect(inner.map(future => future?.state)).toEqual(['running', 'running', undefined])
    expect(pool.stats()).toMatchObject({ running: 3, queued: 0, waiting: 0 })
    await work.finishAll()
  })

  test('does not overtake calls that wait', async () => {
    const pool = createPool({ size: 1, queueSize: 0 })
    const work = new Work()
    for (const id of [1, 2]) watch(pool.submit(work.task, id))
    expect(pool.trySubmit(work.task, 3)).toBeUndefined()
    await work.finishAll()
    expect(work.started).toEqual([1, 2])
  })
})

describe('priorities', () => {
  test('higher starts first, equal in order of acceptance', async () => {
    const pool = createPool({ size: 1, queueSize: 100 })
    const work = new Work()
    await pool.submit(work.task, 'first')
    const expected = []
    for (const [place, priority] of [0, 5, -1, 5, 0, 2.5, -1, 9].entries()) {
      await pool.with({ priority }).submit(work.task, place)
      expected.push([priority, place])
    }
    expected.sort(([one, first], [other, second]) => other - one || first - second)
    await work.finishAll()
    expect(work.started).toEqual(['first', ...expected.map(([, place]) => place)])
  })
})

describe('a pool', () => {
  test('tells how it is built', () => {
    const pool = createPool({ size: 3, name: 'mine' })
    expect(pool).toMatchObject({ size: 3, queueSize: 3, name: 'mine', closed: false, paused: false })
    expect(createPool(7)).toMatchObject({ size: 7, queueSize: 7, name: 'async-pool' })
  })

  test('starts tasks in the async context of their calls', async () => {
    const storage = new AsyncLocalStorage()
    const pool = createPool({ size: 1, queueSize: 1 })
    const seen = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map(store =>
        storage.run(store, () =>
          pool.run(async () => {
            const atStart = storage.getStore()
            await settle()
            return atStart + storage.getStore()
          }),
        ),
      ),
    )
    expect(seen).toEqual(['aa', 'bb', 'cc', 'dd', 'ee'])
  })

  test('is not shaken by tasks that call it while they start', async () => {
    const pool = createPool({ size: 2, queueSize: 1000 })
    let calls = 0
    const results = []
    const spread = depth => {
      calls++
      if (depth > 0) for (let i = 0; i < 2; i++) results.push(pool.run(spread, depth - 1))
      return depth
    }
    results.push(pool.run(spread, 8))
    await pool.join()
    expect(calls).toBe(2 ** 9 - 1)
    expect((await Promise.all(results)).filter(depth => depth === 0)).toHaveLength(2 ** 8)
  })

  test('runs a long row of plain functions without a deep stack', async () => {
    const pool = createPool({ size: 1, queueSize: 0 })
    const open = new Work()
    const first = pool.run(open.task, 0)
    const rest = Promise.all(Array.from({ length: 50_000 }, (_, n) => pool.run(() => n)))
    await open.finish(0)
    await first
    expect((await rest).at(-1)).toBe(49_999)
  })
})

describe('the package', () => {
  test('is the same for `import` and `require`, with the error classes of the executor', async () => {
    const required = createRequire(import.meta.url)('async-pool-executor/async')
    expect(Object.keys(required).sort()).toEqual(Object.keys(imported).sort())
    expect({ ...required }).toEqual({ ...imported })
    expect(required.AsyncPool).toBe(AsyncPool)
    const pool = new AsyncPool(1)
    await pool.shutdown()
    const error = await rejectionOf(pool.run(() => 1))
    expect(error).toBeInstanceOf(ExecutorClosedError)
    expect(ExecutorClosedError).toBe(FromExecutor)
  })
})
