import { AsyncPool, ExecutorClosedError, shutdownAll } from 'async-pool-executor/async'
import { currentTask } from 'async-pool-executor/task'
import { describe, expect, test } from 'vitest'
import { createPool, randomFrom, rejectionOf, settle, Work, watch } from './support.mjs'

describe('join', () => {
  test('resolves when nothing runs, is queued, or waits to be accepted', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    for (const id of [1, 2, 3, 4]) watch(pool.submit(work.task, id))
    const joined = watch(pool.join())
    for (const id of [1, 2, 3]) {
      await work.finish(id)
      expect(joined.state).toBe('pending')
    }
    await work.finish(4)
    expect(joined.state).toBe('fulfilled')
    expect(await pool.run(() => 'still open')).toBe('still open')
  })

  test('resolves at once in an idle pool', async () => {
    const pool = createPool(1)
    await pool.join()
    await pool.run(() => 1)
    await pool.join()
  })

  test('waits for the end of a task that was cancelled', async () => {
    const pool = createPool(1)
    const work = new Work()
    const future = await pool.submit(work.task, 1)
    future.cancel()
    const joined = watch(pool.join())
    await settle()
    expect(joined.state).toBe('pending')
    await work.finish(1)
    expect(joined.state).toBe('fulfilled')
  })

  test('resolves when the last that was left is taken back', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    pool.pause()
    const controller = new AbortController()
    const queued = await pool.submit(() => 1)
    watch(pool.with({ signal: controller.signal }).submit(() => 2))
    const joined = [watch(pool.join()), watch(pool.join())]
    controller.abort()
    await settle()
    expect(joined[0].state).toBe('pending')
    queued.cancel()
    await settle()
    expect(joined.map(({ state }) => state)).toEqual(['fulfilled', 'fulfilled'])
  })
})

describe('pause', () => {
  test('starts nothing until resume, and accepts while the queue has space', async () => {
    const pool = createPool({ size: 2, queueSize: 2 })
    const work = new Work()
    await pool.submit(work.task, 0)
    pool.pause()
    expect(pool.paused).toBe(true)
    const accepted = [1, 2, 3].map(id => watch(pool.submit(work.task, id)))
    await work.finish(0)
    expect(work.started).toEqual([0])
    expect(accepted.map(({ state }) => state)).toEqual(['fulfilled', 'fulfilled', 'pending'])
    expect(pool.stats()).toMatchObject({ running: 0, queued: 2, waiting: 1 })
    pool.resume()
    expect(work.started).toEqual([0, 1, 2])
    expect(pool.stats()).toMatchObject({ running: 2, queued: 1, waiting: 0 })
    await work.finishAll()
    expect(work.started).toEqual([0, 1, 2, 3])
  })

  test('with `queueSize` 0 accepts nothing', async () => {
    const pool = createPool({ size: 2, queueSize: 0 })
    pool.pause()
    expect(pool.trySubmit(() => 1)).toBeUndefined()
    const result = watch(pool.run(() => 1))
    await settle()
    expect(pool.stats()).toMatchObject({ queued: 0, waiting: 1 })
    pool.resume()
    await settle()
    expect(result.value).toBe(1)
  })

  test('after shutdown keeps nothing from its end', async () => {
    const pool = createPool({ size: 1, queueSize: 2 })
    const work = new Work()
    for (const id of [1, 2]) watch(pool.submit(work.task, id))
    const ended = watch(pool.shutdown())
    pool.pause()
    expect(pool.paused).toBe(false)
    await work.finishAll()
    expect(ended).toMatchObject({ state: 'fulfilled', value: { completed: 2 } })
  })
})

describe('resize', () => {
  test('up starts what is queued, and lets in what waits', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    for (let id = 0; id < 6; id++) watch(pool.submit(work.task, id))
    pool.resize(3)
    expect(pool.size).toBe(3)
    expect(pool.queueSize).toBe(1)
    expect(pool.stats()).toMatchObject({ running: 3, queued: 1, waiting: 2 })
    await work.finishAll()
    expect(work.started).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('down starts none until enough have ended', async () => {
    const pool = createPool({ size: 3, queueSize: 3 })
    const work = new Work()
    for (let id = 0; id < 6; id++) await pool.submit(work.task, id)
    pool.resize(1)
    await work.finish(0)
    await work.finish(1)
    expect(work.started).toEqual([0, 1, 2])
    await work.finish(2)
    expect(work.started).toEqual([0, 1, 2, 3])
    await work.finishAll()
    expect(work.started).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('under load keeps to the size of the moment', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = randomFrom(seed)
      const pool = createPool({ size: 4, queueSize: 3 })
      const problems = []
      let running = 0
      /** What the size allows; after it was lowered, what ran at that time may end in peace. */
      let allowed = 4
      const task = async () => {
        running++
        if (running > allowed) problems.push(`${running} ran where ${allowed} may`)
        for (let turn = random(4); turn > 0; turn--) await null
        running--
        allowed = Math.max(pool.size, Math.min(allowed, running))
      }
      const results = []
      for (let count = 0; count < 400; count++) {
        results.push(pool.run(task))
        if (random(5) < 1) {
          const size = 1 + Math.floor(random(10))
          allowed = Math.max(size, running)
          pool.resize(size)
        }
        if (random(3) < 1) await null
      }
      await Promise.all(results)
      expect({ seed, problems, stats: pool.stats() }).toMatchObject({
        problems: [],
        stats: { completed: 400, running: 0, queued: 0, waiting: 0 },
      })
    }
  })
})

describe('shutdown', () => {
  test('accepts nothing more, and waits for what was handed over before', async () => {
    const pool = createPool({ size: 1, queueSize: 1, name: 'ending' })
    const work = new Work()
    const results = [1, 2, 3, 4].map(id => watch(pool.run(work.task, id)))
    const report = watch(pool.shutdown())
    expect(pool.closed).toBe(true)
    for (const refused of [pool.run(work.task, 5), pool.submit(work.task, 5)]) {
      const error = await rejectionOf(refused)
      expect(error).toBeInstanceOf(ExecutorClosedError)
      expect(error.message).toBe("pool 'ending' has been shut down and accepts no tasks")
    }
    expect(() => pool.trySubmit(work.task, 5)).toThrow(ExecutorClosedError)
    expect(report.state).toBe('pending')
    await work.finishAll()
    expect(report.value).toEqual({ completed: 4, failed: 0, cancelled: 0, abandoned: 0 })
    expect(results.map(({ value }) => value)).toEqual([1, 2, 3, 4])
    expect(await pool.shutdown()).toEqual(report.value)
  })

  test('with `cancelPending` starts nothing more, not even in a paused pool', async () => {
    const pool = createPool({ size: 1, queueSize: 2 })
    const work = new Work()
    const running = await pool.submit(work.task, 1)
    pool.pause()
    const queued = await pool.submit(work.task, 2)
    const result = watch(pool.run(work.task, 3))
    const waiting = watch(pool.submit(work.task, 4))
    const report = watch(pool.shutdown({ cancelPending: true }))
    expect(await rejectionOf(queued.promise)).toMatchObject({ code: 'ERR_CANCELLED' })
    await settle()
    expect(result.value).toMatchObject({ code: 'ERR_CANCELLED' })
    expect(waiting.value).toMatchObject({ code: 'ERR_EXECUTOR_CLOSED' })
    expect(report.state).toBe('pending')
    await work.finish(1)
    expect(report.value).toEqual({ completed: 1, failed: 0, cancelled: 2, abandoned: 0 })
    expect(running.state).toBe('fulfilled')
    expect(work.started).toEqual([1])
  })

  test('resumes a paused pool, whose tasks would never be done', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    pool.pause()
    const future = await pool.submit(() => 'done')
    expect(await pool.shutdown()).toMatchObject({ completed: 1 })
    expect(await future.promise).toBe('done')
  })

  test('with `timeout` gives up what is not done, and aborts what runs', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    let signal
    const fn = id => {
      signal ??= currentTask().signal
      return work.task(id)
    }
    const results = [1, 2, 3].map(id => watch(pool.run(fn, id)))
    const report = await pool.shutdown({ timeout: 1 })
    expect(report).toEqual({ completed: 0, failed: 0, cancelled: 0, abandoned: 2 })
    await settle()
    for (const { value } of results) expect(value).toBeInstanceOf(ExecutorClosedError)
    expect(results[0].value.message).toContain('abandoned')
    expect(signal.reason).toBe(results[0].value)
    const ended = watch(pool.shutdown())
    await settle()
    expect(ended.state).toBe('pending')
    await work.finish(1)
    expect(ended.value).toEqual(report)
    expect(work.started).toEqual([1])
  })

  test('`await using` is a shutdown', async () => {
    const pool = new AsyncPool({ size: 1, queueSize: 5 })
    const results = [1, 2, 3].map(n => pool.run(async () => n))
    await pool[Symbol.asyncDispose]()
    expect(pool.closed).toBe(true)
    expect(pool.stats()).toMatchObject({ completed: 3 })
    expect(await Promise.all(results)).toEqual([1, 2, 3])
  })
})

describe('shutdownAll', () => {
  test('ends every pool of the thread', async () => {
    const work = new Work()
    const pools = [new AsyncPool(1), new AsyncPool({ size: 2, queueSize: 0 })]
    for (const pool of pools) await pool.submit(work.task, pool)
    const all = watch(shutdownAll())
    expect(pools.map(({ closed }) => closed)).toEqual([true, true])
    await work.finish(pools[0])
    expect(all.state).toBe('pending')
    await work.finish(pools[1])
    expect(all).toEqual({ state: 'fulfilled', value: undefined })
  })

  test('takes the options of shutdown', async () => {
    const pool = new AsyncPool({ size: 1, queueSize: 1 })
    const work = new Work()
    await pool.submit(work.task, 1)
    const queued = await pool.submit(work.task, 2)
    const all = watch(shutdownAll({ cancelPending: true }))
    expect(queued.state).toBe('cancelled')
    await work.finish(1)
    expect(all.state).toBe('fulfilled')
  })
})
