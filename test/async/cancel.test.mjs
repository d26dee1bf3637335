import { getEventListeners } from 'node:events'
import { CancelledError, QueueFullError, TimeoutError } from 'async-pool-executor/async'
import { currentTask } from 'async-pool-executor/task'
import { describe, expect, test } from 'vitest'
import { createPool, rejectionOf, settle, Work, watch } from './support.mjs'

/** A task that ends when its signal is aborted, or when it is told. */
class Obedient extends Work {
  task = (
    inner => id =>
      new Promise((resolve, reject) => {
        const { signal } = currentTask()
        signal.addEventListener('abort', () => reject(signal.reason))
        inner(id).then(resolve, reject)
      })
  )(this.task)
}

const listeners = signal => getEventListeners(signal, 'abort').length

describe('cancel', () => {
  test('keeps a queued task from starting, and frees its place', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    await pool.submit(work.task, 1)
    const queued = await pool.submit(work.task, 2)
    const next = watch(pool.submit(work.task, 3))
    const reason = new Error('not needed')
    expect(queued.cancel(reason)).toBe(true)
    expect(queued.state).toBe('cancelled')
    const error = await rejectionOf(queued.promise)
    expect(error).toBeInstanceOf(CancelledError)
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', cause: reason })
    expect(error.message).toContain("(task 2 of pool 'async-pool') was cancelled")
    await settle()
    expect(next.state).toBe('fulfilled')
    await work.finishAll()
    expect(work.started).toEqual([1, 3])
    expect(pool.stats()).toMatchObject({ completed: 2, cancelled: 1, failed: 0 })
  })

  test('answers at once for a running task, whose slot stays taken until it ends', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    const running = await pool.submit(work.task, 1)
    await pool.submit(work.task, 2)
    expect(running.cancel()).toBe(true)
    expect(running.cancel()).toBe(false)
    const error = await rejectionOf(running.promise)
    expect(error).toBeInstanceOf(CancelledError)
    expect(error).not.toHaveProperty('cause')
    expect(pool.stats()).toMatchObject({ running: 1, queued: 1, cancelled: 1 })
    expect(work.started).toEqual([1])
    await work.finish(1)
    expect(work.started).toEqual([1, 2])
    await work.finishAll()
    expect(running.state).toBe('cancelled')
    expect(pool.stats()).toMatchObject({ completed: 1, cancelled: 1 })
  })

  test('aborts the signal of a running task, with the error as its reason', async () => {
    const pool = createPool(1)
    let seen
    const future = await pool.submit(async () => {
      const { signal } = currentTask()
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      seen = signal.reason
    })
    future.cancel('why')
    await pool.join()
    expect(seen).toBe(await rejectionOf(future.promise))
    expect(seen.cause).toBe('why')
  })

  test('a signal that is asked for after the abort is aborted', async () => {
    const pool = createPool(1)
    const work = new Work()
    let aborted
    const future = await pool.submit(async () => {
      await work.task(1)
      aborted = currentTask().signal.aborted
    })
    future.cancel()
    await work.finish(1)
    expect(aborted).toBe(true)
  })

  test('does nothing to a task that has settled', async () => {
    const pool = createPool(1)
    const future = await pool.submit(() => 1)
    expect(future.cancel()).toBe(false)
    expect(future.state).toBe('fulfilled')
    expect(await future.promise).toBe(1)
  })

  test('a task can cancel itself', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const open = new Work()
    await pool.submit(open.task, 0)
    const future = await pool.submit(() => {
      future.cancel('from within')
      return 'too late'
    })
    await open.finish(0)
    expect(await rejectionOf(future.promise)).toMatchObject({ cause: 'from within' })
    expect(pool.stats()).toMatchObject({ running: 0, cancelled: 1, completed: 1 })
  })
})

describe('a signal', () => {
  test('that is aborted before the call: nothing is accepted', async () => {
    const pool = createPool(1)
    const face = pool.with({ signal: AbortSignal.abort('early') })
    let calls = 0
    for (const call of [() => face.submit(() => calls++), () => face.run(() => calls++)]) {
      const error = await rejectionOf(call())
      expect(error).toBeInstanceOf(CancelledError)
      expect(error.cause).toBe('early')
    }
    expect(() => face.trySubmit(() => calls++)).toThrow(CancelledError)
    expect(calls).toBe(0)
    expect(pool.stats()).toMatchObject({ completed: 0, cancelled: 0 })
  })

  test.each(['submit', 'run'])('that is aborted while %s waits: it leaves the line at once', async method => {
    const pool = createPool({ size: 1, queueSize: 0 })
    const work = new Work()
    await pool.submit(work.task, 1)
    const controller = new AbortController()
    const { signal } = controller
    const aborted = watch(pool.with({ signal })[method](work.task, 2))
    const other = watch(pool.submit(work.task, 3))
    expect(pool.stats().waiting).toBe(2)
    controller.abort('enough')
    expect(pool.stats().waiting).toBe(1)
    await settle()
    expect(aborted).toMatchObject({ state: 'rejected', value: { code: 'ERR_CANCELLED', cause: 'enough' } })
    expect(other.state).toBe('pending')
    expect(listeners(signal)).toBe(0)
    await work.finishAll()
    expect(work.started).toEqual([1, 3])
    expect(pool.stats()).toMatchObject({ completed: 2, cancelled: 0 })
  })

  test('that is aborted while its task is queued: it never starts', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    await pool.submit(work.task, 1)
    const controller = new AbortController()
    const result = watch(pool.with({ signal: controller.signal }).run(work.task, 2))
    expect(pool.stats().queued).toBe(1)
    controller.abort()
    expect(pool.stats().queued).toBe(0)
    await work.finishAll()
    expect(work.started).toEqual([1])
    expect(result.value).toBeInstanceOf(CancelledError)
    expect(result.value.cause).toBe(controller.signal.reason)
  })

  test('that is aborted while its task runs reaches the task', async () => {
    const pool = createPool(1)
    const work = new Obedient()
    const controller = new AbortController()
    const result = watch(pool.with({ signal: controller.signal }).run(work.task, 1))
    controller.abort('stop')
    await settle()
    expect(result).toMatchObject({ state: 'rejected', value: { code: 'ERR_CANCELLED', cause: 'stop' } })
    expect(pool.stats()).toMatchObject({ running: 0, cancelled: 1, failed: 0 })
  })

  test('has one listener, however many tasks share it, and none when they are done', async () => {
    const pool = createPool({ size: 3, queueSize: 3 })
    const work = new Work()
    const { signal } = new AbortController()
    const face = pool.with({ signal })
    const results = Array.from({ length: 50 }, (_, id) => face.run(work.task, id))
    expect(pool.stats()).toMatchObject({ running: 3, queued: 3, waiting: 44 })
    expect(listeners(signal)).toBe(1)
    await work.finishAll()
    await Promise.all(results)
    expect(listeners(signal)).toBe(0)
  })

  test('leaves no listener after a failure, a timeout, a cancel', async () => {
    const pool = createPool({ size: 2, queueSize: 2 })
    const { signal } = new AbortController()
    const face = pool.with({ signal, timeout: 1 })
    const work = new Work()
    await rejectionOf(face.run(() => Promise.reject(new Error('failed'))))
    expect(listeners(signal)).toBe(0)
    expect(await rejectionOf(face.run(work.task, 1))).toBeInstanceOf(TimeoutError)
    expect(listeners(signal)).toBe(0)
    const future = await face.submit(work.task, 2)
    future.cancel()
    expect(listeners(signal)).toBe(0)
    await work.finishAll()
  })

  test('that ends tasks in all states at once', async () => {
    const pool = createPool({ size: 2, queueSize: 2 })
    const work = new Obedient()
    const controller = new AbortController()
    const face = pool.with({ signal: controller.signal })
    const results = Array.from({ length: 10 }, (_, id) => watch(face.run(work.task, id)))
    const after = watch(pool.run(work.task, 'after'))
    controller.abort()
    await settle()
    expect(results.every(({ value }) => value instanceof CancelledError)).toBe(true)
    expect(work.running).toEqual([0, 1, 'after'])
    await work.finishAll()
    expect(after.value).toBe('after')
    expect(pool.stats()).toMatchObject({ cancelled: 4, completed: 1, waiting: 0, queued: 0 })
  })

  test('whose other listeners free a slot: what it aborts does not start', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    const controller = new AbortController()
    controller.signal.addEventListener('abort', () => pool.resize(5))
    await pool.submit(work.task, 1)
    const face = pool.with({ signal: controller.signal })
    const queued = await face.submit(work.task, 2)
    const waiting = watch(face.submit(work.task, 3))
    controller.abort('all')
    await settle()
    expect(work.started).toEqual([1])
    expect(await rejectionOf(queued.promise)).toMatchObject({ code: 'ERR_CANCELLED', cause: 'all' })
    expect(waiting).toMatchObject({ state: 'rejected', value: { code: 'ERR_CANCELLED', cause: 'all' } })
    await work.finishAll()
    expect(pool.stats()).toMatchObject({ completed: 1, cancelled: 1, running: 0 })
  })
})

describe('timeout', () => {
  test('rejects, aborts the signal, and keeps the slot until the task ends', async () => {
    const pool = createPool({ size: 1, queueSize: 1, name: 'slow' })
    const work = new Work()
    let signal
    const future = await pool.with({ timeout: 1 }).submit(function sluggish() {
      signal = currentTask().signal
      return work.task(1)
    })
    await pool.submit(work.task, 2)
    const error = await rejectionOf(future.promise)
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toBe("sluggish (task 1 of pool 'slow') took longer than its timeout of 1 ms")
    expect(signal.reason).toBe(error)
    expect(future.state).toBe('rejected')
    expect(work.started).toEqual([1])
    expect(pool.stats()).toMatchObject({ running: 1, queued: 1, failed: 1 })
    await work.finishAll()
    expect(pool.stats()).toMatchObject({ failed: 1, completed: 1 })
  })

  test('counts running time alone, and not that in the queue', async () => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    await pool.submit(work.task, 1)
    const second = watch(pool.with({ timeout: 1 }).run(() => 'in time'))
    await new Promise(resolve => setTimeout(resolve, 20))
    await work.finish(1)
    expect(second).toEqual({ state: 'fulfilled', value: 'in time' })
  })

  test('longer than timers go is none', async () => {
    const pool = createPool(1)
    expect(await pool.with({ timeout: Number.POSITIVE_INFINITY, submitTimeout: 2 ** 40 }).run(settle)).toBe(
      undefined,
    )
  })
})

describe('submitTimeout', () => {
  test.each(['submit', 'run'])('ends the wait of %s, and nothing is accepted', async method => {
    const pool = createPool({ size: 1, queueSize: 1, name: 'busy' })
    const work = new Work()
    for (const id of [1, 2]) await pool.submit(work.task, id)
    const error = await rejectionOf(pool.with({ submitTimeout: 1 })[method](work.task, 3))
    expect(error).toBeInstanceOf(QueueFullError)
    expect(error.message).toContain("in pool 'busy' after 1 ms: 1 running (size 1), 1 queued (queueSize 1)")
    expect(pool.stats().waiting).toBe(0)
    await work.finishAll()
    expect(work.started).toEqual([1, 2])
  })

  test('ends with the wait: the task may run for longer', async () => {
    const pool = createPool({ size: 1, queueSize: 0 })
    const work = new Work()
    await pool.submit(work.task, 1)
    const second = watch(pool.with({ submitTimeout: 200 }).run(work.task, 2))
    await work.finish(1)
    await new Promise(resolve => setTimeout(resolve, 250))
    expect(second.state).toBe('pending')
    await work.finish(2)
    expect(second).toEqual({ state: 'fulfilled', value: 2 })
  })
})

describe('races', () => {
  /** What may settle a running task, all in one turn of the event loop, in every order. */
  const actions = {
    finish: ({ work }) => work.finish(1, 'value'),
    fail: ({ work }) => work.fail(1, new Error('failure')),
    cancel: ({ future }) => future.cancel(),
    abort: ({ controller }) => controller.abort(),
    timeout: () => {
      const end = performance.now() + 15
      while (performance.now() < end);
      return new Promise(resolve => setTimeout(resolve, 0))
    },
  }
  const pairs = Object.keys(actions).flatMap(one =>
    Object.keys(actions)
      .filter(
        other =>
          other !== one && !(one === 'finish' && other === 'fail') && !(one === 'fail' && other === 'finish'),
      )
      .map(other => [one, other]),
  )

  test.each(pairs)('of %s and %s: settles once, with the outcome that it keeps', async (one, other) => {
    const pool = createPool({ size: 1, queueSize: 1 })
    const work = new Work()
    const controller = new AbortController()
    const future = await pool.with({ signal: controller.signal, timeout: 10 }).submit(work.task, 1)
    const outcomes = []
    future.promise.then(
      value => outcomes.push(value),
      error => outcomes.push(error),
    )
    const next = watch(pool.run(work.task, 2))
    const scene = { pool, work, controller, future }
    const done = [actions[one](scene), actions[other](scene)]
    await Promise.all(done)
    await settle()
    expect(outcomes).toHaveLength(1)
    const { state } = future
    expect(state).toBe(
      outcomes[0] === 'value'
        ? 'fulfilled'
        : outcomes[0] instanceof CancelledError
          ? 'cancelled'
          : 'rejected',
    )
    await work.finishAll()
    expect(next).toEqual({ state: 'fulfilled', value: 2 })
    expect(future.state).toBe(state)
    const { completed, failed, cancelled, running } = pool.stats()
    expect({ settled: completed + failed + cancelled, running }).toEqual({ settled: 2, running: 0 })
  })
})
