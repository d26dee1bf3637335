import { describe, expect, test } from 'vitest'
import { createPool, rejectionOf, settle, Work, watch } from './support.mjs'

const collect = async iterable => {
  const values = []
  for await (const value of iterable) values.push(value)
  return values
}

/** An endless source that tells what was read of it, and whether it was closed. */
function createSource() {
  const source = { read: 0, closed: 0 }
  source.items = (function* () {
    try {
      for (;;) yield source.read++
    } finally {
      source.closed++
    }
  })()
  return source
}

describe('map', () => {
  test('gives results in the order of the items', async () => {
    const pool = createPool({ size: 3, queueSize: 2 })
    const work = new Work()
    const results = collect(pool.map(work.task, [0, 1, 2, 3, 4, 5, 6]))
    for (const id of [2, 1, 0]) await (id === 2 ? settle().then(() => work.finish(id)) : work.finish(id))
    await work.finishAll()
    expect(await results).toEqual([0, 1, 2, 3, 4, 5, 6])
    expect(work.most).toBe(3)
  })

  test('with `ordered: false` gives them as they are ready', async () => {
    const pool = createPool({ size: 3, queueSize: 3 })
    const work = new Work()
    const results = pool.map(work.task, [0, 1, 2], { ordered: false })
    const seen = [watch(results.next()), watch(results.next()), watch(results.next())]
    await settle()
    for (const id of [1, 2, 0]) await work.finish(id)
    expect(seen.map(({ value }) => value.value)).toEqual([1, 2, 0])
    expect(await results.next()).toEqual({ done: true, value: undefined })
  })

  test.each([
    ['a set', new Set([1, 2, 3])],
    ['a string', '123'],
    ['promises', [Promise.resolve(1), 2, Promise.resolve(3)]],
    [
      'an async generator',
      (async function* () {
        for (const value of [1, 2, 3]) {
          await settle()
          yield value
        }
      })(),
    ],
  ])('takes %s', async (_name, items) => {
    expect(await collect(createPool(2).map(async n => n * 10, items))).toEqual([10, 20, 30])
  })

  test('of nothing is nothing', async () => {
    expect(await collect(createPool(2).map(() => 1, []))).toEqual([])
  })

  test('reads nothing before it is asked, and then `lookAhead` items ahead', async () => {
    const pool = createPool({ size: 2, queueSize: 2 })
    const source = createSource()
    const results = pool.map(async n => n, source.items, { lookAhead: 3 })
    await settle()
    expect(source.read).toBe(0)
    expect((await results.next()).value).toBe(0)
    await settle()
    expect(source.read).toBe(4)
    expect((await results.next()).value).toBe(1)
    await settle()
    expect(source.read).toBe(5)
    await results.return()
    expect(source.closed).toBe(1)
  })

  test('looks ahead for as much as the pool takes, if nothing is said', async () => {
    const pool = createPool({ size: 2, queueSize: 1 })
    const source = createSource()
    const results = pool.map(async n => n, source.items)
    await results.next()
    await settle()
    expect(source.read).toBe(4)
    await results.return()
  })

  test('that is left early cancels what has not started, and closes the source', async () => {
    const pool = createPool({ size: 2, queueSize: 3 })
    const work = new Work()
    const source = createSource()
    const results = pool.map(work.task, source.items, { lookAhead: 100 })
    const first = watch(results.next())
    await settle()
    expect(pool.stats()).toMatchObject({ running: 2, queued: 3, waiting: 1 })
    await work.finish(0)
    expect(first.value).toEqual({ done: false, value: 0 })
    await results.return()
    expect(pool.stats()).toMatchObject({ running: 2, queued: 0, waiting: 0, cancelled: 3 })
    expect(source.closed).toBe(1)
    await work.finishAll()
    expect(work.started).toEqual([0, 1, 2])
    expect(await results.next()).toEqual({ done: true, value: undefined })
  })

  test('throws the error of a task when its position is reached, and is over', async () => {
    const pool = createPool({ size: 3, queueSize: 3 })
    const work = new Work()
    const source = createSource()
    const results = pool.map(work.task, source.items, { lookAhead: 3 })
    const seen = [watch(results.next()), watch(results.next())]
    await settle()
    const error = new Error('of the second')
    await work.fail(1, error)
    expect(seen.map(({ state }) => state)).toEqual(['pending', 'pending'])
    await work.finish(0)
    expect(seen[0].value.value).toBe(0)
    expect(seen[1].value).toBe(error)
    expect(source.closed).toBe(1)
    await work.finishAll()
    expect(await results.next()).toEqual({ done: true, value: undefined })
  })

  test('throws what the source throws, after what came before', async () => {
    const error = new Error('of the source')
    const source = (function* () {
      yield 1
      yield 2
      throw error
    })()
    const results = createPool(2).map(async n => n, source)
    expect((await results.next()).value).toBe(1)
    expect((await results.next()).value).toBe(2)
    expect(await rejectionOf(results.next())).toBe(error)
  })

  test.each([5, null, undefined, 'done'])('refuses an iterator that gives %s, as `for` does', async given => {
    const pool = createPool({ size: 2, queueSize: 2 })
    let closed = 0
    const iterator = {
      next: () => given,
      return() {
        closed++
        return {}
      },
    }
    for (const items of [{ [Symbol.iterator]: () => iterator }, { [Symbol.asyncIterator]: () => iterator }]) {
      const results = pool.map(n => n, items)
      expect(await rejectionOf(results.next())).toMatchObject({
        name: 'TypeError',
        message: `Iterator result ${given} is not an object`,
      })
      expect(await results.next()).toEqual({ done: true, value: undefined })
    }
    expect(closed).toBe(0)
    expect(pool.stats()).toMatchObject({ completed: 0, queued: 0, running: 0 })
  })

  test('that meets a pool that is shut down closes the source', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const source = createSource()
    const results = pool.map(async n => n, source.items, { lookAhead: 1 })
    expect((await results.next()).value).toBe(0)
    await settle()
    await pool.shutdown()
    expect((await results.next()).value).toBe(1)
    expect(await rejectionOf(results.next())).toMatchObject({ code: 'ERR_EXECUTOR_CLOSED' })
    expect(source.closed).toBe(1)
  })

  test('with options of tasks keeps to them', async () => {
    const pool = createPool({ size: 1, queueSize: 5 })
    const controller = new AbortController()
    const results = pool.with({ signal: controller.signal }).map(async n => n, [1, 2, 3], { lookAhead: 1 })
    expect((await results.next()).value).toBe(1)
    await settle()
    controller.abort('enough')
    expect((await results.next()).value).toBe(2)
    expect(await rejectionOf(results.next())).toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
  })

  test('of a thousand items at once from several readers gives each exactly once', async () => {
    const pool = createPool({ size: 7, queueSize: 3 })
    const results = pool.map(
      async n => {
        if (n % 3 === 0) await settle()
        return n
      },
      Array.from({ length: 1000 }, (_, n) => n),
      { ordered: false },
    )
    const seen = []
    const reader = async () => {
      for (let next = await results.next(); !next.done; next = await results.next()) seen.push(next.value)
    }
    await Promise.all([reader(), reader(), reader()])
    expect(seen.sort((one, other) => one - other)).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  })
})
