import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createPool, randomFrom, Work, watch } from './support.mjs'

/** The shortest time in which `tasks + 1` tasks started: within `per` ms there may be only `tasks`. */
function shortestSpan(starts, tasks) {
  return Math.min(...starts.slice(tasks).map((time, index) => time - starts[index]))
}

describe('rate, by the real clock', () => {
  test.each([
    [{ tasks: 1, per: 5 }, 20],
    [{ tasks: 5, per: 20 }, 40],
    [{ tasks: 3, per: 1 }, 60],
  ])('%j is kept in every window', async (rate, count) => {
    const pool = createPool({ size: 4, queueSize: 2, rate })
    const starts = []
    const record = () => {
      starts.push(performance.now())
    }
    await Promise.all(Array.from({ length: count }, () => pool.run(record)))
    expect(starts).toHaveLength(count)
    expect(shortestSpan(starts, rate.tasks)).toBeGreaterThanOrEqual(rate.per)
  })

  test('counts from the end of a start, wherever in it a task reads the clock', async () => {
    const pool = createPool({ size: 4, queueSize: 2, rate: { tasks: 1, per: 20 } })
    const starts = []
    const start = delay => {
      for (const end = performance.now() + delay; performance.now() < end; );
      starts.push(performance.now())
    }
    await Promise.all([10, 0, 10, 0].map(delay => pool.run(start, delay)))
    expect(shortestSpan(starts, 1)).toBeGreaterThanOrEqual(20)
  })

  test('is kept by tasks that come at random times, and block the loop at times', async () => {
    const random = randomFrom(7)
    const rate = { tasks: 4, per: 12 }
    const pool = createPool({ size: 10, queueSize: 0, rate })
    const starts = []
    const results = []
    for (let round = 0; round < 60; round++) {
      for (let count = random(4); count > 0; count--)
        results.push(
          pool.run(async () => {
            starts.push(performance.now())
            for (const end = performance.now() + random(3); performance.now() < end; );
            await null
          }),
        )
      await new Promise(resolve => setTimeout(resolve, random(8)))
    }
    await Promise.all(results)
    expect(starts.length).toBe(results.length)
    expect(shortestSpan(starts, rate.tasks)).toBeGreaterThanOrEqual(rate.per)
  })
})

describe('rate, by a clock that the test holds', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  const rate = { tasks: 2, per: 1000 }

  test('starts what the window allows, and the rest when it has moved on', async () => {
    const pool = createPool({ size: 10, queueSize: 10, rate })
    const work = new Work()
    for (let id = 0; id < 5; id++) await pool.submit(work.task, id)
    expect(work.started).toEqual([0, 1])
    await vi.advanceTimersByTimeAsync(999)
    expect(work.started).toEqual([0, 1])
    await vi.advanceTimersByTimeAsync(1)
    expect(work.started).toEqual([0, 1, 2, 3])
    await vi.advanceTimersByTimeAsync(1000)
    expect(work.started).toEqual([0, 1, 2, 3, 4])
    await work.finishAll()
  })

  test('slides: what has started late in one window counts in the next', async () => {
    const pool = createPool({ size: 10, queueSize: 10, rate })
    const starts = []
    const record = () => {
      starts.push(performance.now())
    }
    const begin = performance.now()
    pool.run(record)
    await vi.advanceTimersByTimeAsync(900)
    for (let count = 0; count < 3; count++) pool.run(record)
    await vi.advanceTimersByTimeAsync(2000)
    expect(starts.map(time => time - begin)).toEqual([0, 900, 1000, 1900])
  })

  test('saves nothing up while the pool is idle', async () => {
    const pool = createPool({ size: 10, queueSize: 10, rate })
    const work = new Work()
    await pool.run(() => 1)
    await vi.advanceTimersByTimeAsync(3_600_000)
    for (let id = 0; id < 4; id++) await pool.submit(work.task, id)
    expect(work.started).toEqual([0, 1])
    await work.finishAll()
    expect(work.started).toEqual([0, 1])
    await vi.advanceTimersByTimeAsync(1000)
    expect(work.started).toEqual([0, 1, 2, 3])
    await work.finishAll()
  })

  test('with `queueSize` 0 accepts what may start, and no more', async () => {
    const pool = createPool({ size: 10, queueSize: 0, rate })
    const work = new Work()
    const accepted = [0, 1, 2].map(id => watch(pool.submit(work.task, id)))
    expect(pool.trySubmit(work.task, 3)).toBeUndefined()
    expect(pool.stats()).toMatchObject({ running: 2, queued: 0, waiting: 1 })
    await vi.advanceTimersByTimeAsync(1000)
    expect(accepted.map(({ state }) => state)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
    expect(pool.trySubmit(work.task, 3)).toBeDefined()
    expect(pool.trySubmit(work.task, 4)).toBeUndefined()
    await work.finishAll()
  })

  test('within a task that starts counts that task', async () => {
    const pool = createPool({ size: 10, queueSize: 0, rate })
    let inner
    await pool.run(() => {
      inner = [pool.trySubmit(() => 1), pool.trySubmit(() => 2)]
    })
    expect(inner.map(future => future?.id)).toEqual([2, undefined])
  })

  test('and the size are both kept, and so are priorities', async () => {
    const pool = createPool({ size: 1, queueSize: 10, rate })
    const work = new Work()
    for (let id = 0; id < 4; id++) await pool.with({ priority: id }).submit(work.task, id)
    expect(work.started).toEqual([0])
    await work.finish(0)
    await work.finish(3)
    expect(work.started).toEqual([0, 3])
    await vi.advanceTimersByTimeAsync(1000)
    expect(work.started).toEqual([0, 3, 2])
    await vi.advanceTimersByTimeAsync(5000)
    expect(work.started).toEqual([0, 3, 2])
    await work.finishAll()
  })

  test('does not start what is paused or cancelled, and leaves no timer behind', async () => {
    const pool = createPool({ size: 10, queueSize: 10, rate })
    const work = new Work()
    for (let id = 0; id < 4; id++) await pool.submit(work.task, id)
    expect(vi.getTimerCount()).toBe(1)
    pool.pause()
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(2000)
    expect(work.started).toEqual([0, 1])
    pool.resume()
    expect(work.started).toEqual([0, 1, 2, 3])
    const last = await pool.submit(work.task, 4)
    expect(vi.getTimerCount()).toBe(1)
    last.cancel()
    expect(vi.getTimerCount()).toBe(0)
    await work.finishAll()
  })

  test('goes beyond what timers can do', async () => {
    const month = 31 * 24 * 3_600_000
    const pool = createPool({ size: 10, queueSize: 10, rate: { tasks: 1, per: month } })
    const work = new Work()
    for (let id = 0; id < 2; id++) await pool.submit(work.task, id)
    await vi.advanceTimersByTimeAsync(month - 1)
    expect(work.started).toEqual([0])
    await vi.advanceTimersByTimeAsync(1)
    expect(work.started).toEqual([0, 1])
    await work.finishAll()
  })
})
