import {
  AsyncPoolExecutor,
  asCompleted,
  CancelledError,
  gather,
  TimeoutError,
  wait,
} from 'async-pool-executor'
import { afterAll, describe, expect, test } from 'vitest'
import { createExecutor, createSignals, occupy, openGate, thrownBy } from './helpers.mjs'
import { tasks } from './paths.mjs'

const executor = new AsyncPoolExecutor({ size: 8, queueSize: 100 })
const other = new AsyncPoolExecutor({ size: 8, queueSize: 100 })
afterAll(() => {
  executor.shutdown()
  other.shutdown()
})

const hold = (signals, value, on = executor) => on.submit(tasks, 'hold', [signals, value])

describe('gather with returnErrors', () => {
  test.each([
    ['0', 0],
    ['undefined', undefined],
    ['text', 'text'],
  ])('gives an Error for a task that threw %s', (_what, thrown) => {
    const futures = [executor.submit(tasks, 'add', [1, 1]), executor.submit(tasks, 'throwValue', [thrown])]
    const [value, error] = gather(futures, { returnErrors: true })
    expect(value).toBe(2)
    expect(error).toBeInstanceOf(Error)
    expect(error.cause).toBe(thrown)
    expect(error).toEqual(futures[1].error())
  })
})

describe('wait', () => {
  test('blocks until all are settled, in whichever way', () => {
    const futures = [executor.submit(tasks, 'add', [1, 1]), other.submit(tasks, 'fail', ['x'])]
    const { done, pending } = wait(futures)
    expect(done).toEqual(new Set(futures))
    expect(pending.size).toBe(0)
    expect(futures[1].error().message).toBe('x')
  })

  test('does not throw when the time is up, and leaves the futures usable', () => {
    const signals = createSignals()
    const held = [hold(signals, 1), hold(signals, 2, other)]
    const quick = executor.submit(tasks, 'add', [1, 1])
    quick.result()
    for (const timeout of [0, 20]) {
      const { done, pending } = wait([...held, quick], { timeout })
      expect([...done]).toEqual([quick])
      expect([...pending]).toEqual(held)
    }
    openGate(signals)
    expect(held.map(future => future.result(10_000))).toEqual([1, 2])
  })

  test("returns on 'first-completed'", () => {
    const signals = createSignals()
    const held = hold(signals, 1)
    const quick = other.submit(tasks, 'add', [1, 1])
    const { done, pending } = wait([held, quick], { returnWhen: 'first-completed', timeout: 10_000 })
    expect([[...done], [...pending]]).toEqual([[quick], [held]])
    openGate(signals)
  })

  test("'first-completed' counts a failure and a cancellation", () => {
    const signals = createSignals()
    const held = hold(signals, 1)
    const failed = executor.submit(tasks, 'fail', ['x'])
    expect([...wait([held, failed], { returnWhen: 'first-completed', timeout: 10_000 }).done]).toEqual([
      failed,
    ])
    failed.error()
    const cancelled = hold(signals, 2)
    cancelled.cancel()
    expect([...wait([held, cancelled], { returnWhen: 'first-completed', timeout: 10_000 }).done]).toEqual([
      cancelled,
    ])
    openGate(signals)
  })

  test("returns on 'first-error', and not before", () => {
    const signals = createSignals()
    const failures = createSignals()
    const held = hold(signals, 1)
    const quick = executor.submit(tasks, 'add', [1, 1])
    const failing = executor.submit(tasks, 'holdAndFail', [failures, 'x'])
    quick.result()
    expect(wait([held, quick, failing], { returnWhen: 'first-error', timeout: 20 }).pending.size).toBe(2)
    openGate(failures)
    const { done, pending } = wait([held, quick, failing], { returnWhen: 'first-error', timeout: 10_000 })
    expect([[...done], [...pending]]).toEqual([[quick, failing], [held]])
    expect(failing.error().message).toBe('x')
    openGate(signals)
  })

  test("'first-error' goes on after a cancellation, as in Python", () => {
    for (const order of ['cancelled before', 'cancelled meanwhile']) {
      const signals = createSignals()
      const held = hold(signals, 1)
      const cancelled = hold(signals, 2)
      if (order === 'cancelled before') cancelled.cancel()
      else executor.submit(tasks, 'echo', [1]).onDone(() => cancelled.cancel())
      const { pending } = wait([held, cancelled], { returnWhen: 'first-error', timeout: 100 })
      openGate(signals)
      expect([order, [...pending]]).toEqual([order, [held]])
      // It ends because nothing is left to wait for, and so with both done.
      expect(wait([held, cancelled], { returnWhen: 'first-error', timeout: 10_000 }).pending.size).toBe(0)
    }
  })

  test("'first-error' ends when all are settled without one", () => {
    const futures = [1, 2].map(value => executor.submit(tasks, 'add', [value, value]))
    expect(wait(futures, { returnWhen: 'first-error', timeout: 10_000 }).done.size).toBe(2)
  })

  test('takes any iterable, an empty one too, and counts a future once', () => {
    expect(wait([])).toEqual({ done: new Set(), pending: new Set() })
    expect(wait(new Set(), { returnWhen: 'first-completed' })).toEqual({
      done: new Set(),
      pending: new Set(),
    })
    const future = executor.submit(tasks, 'add', [1, 1])
    function* twice() {
      yield future
      yield future
    }
    expect([...wait(twice()).done]).toEqual([future])
  })
})

describe('asCompleted', () => {
  test('gives futures as they settle, those already settled first', () => {
    const gates = [createSignals(), createSignals(), createSignals()]
    const futures = gates.map((signals, i) => hold(signals, i, i === 1 ? other : executor))
    openGate(gates[2])
    futures[2].result(10_000)
    const iterator = asCompleted(futures, { timeout: 20_000 })[Symbol.iterator]()
    expect(iterator.next().value).toBe(futures[2])
    openGate(gates[1])
    expect(iterator.next().value).toBe(futures[1])
    openGate(gates[0])
    expect(iterator.next().value).toBe(futures[0])
    expect(iterator.next().done).toBe(true)
  })

  test('throws when the time is up, counting what is unfinished', () => {
    const signals = createSignals()
    const futures = [hold(signals, 1), hold(signals, 2, other), executor.submit(tasks, 'add', [1, 1])]
    futures[2].result()
    const given = []
    const error = thrownBy(() => {
      for (const future of asCompleted(futures, { timeout: 20 })) given.push(future)
    })
    expect(given).toEqual([futures[2]])
    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toContain('2 of 3 futures unfinished')
    openGate(signals)
    expect(futures[0].result(10_000)).toBe(1)
  })

  test('gives failed and cancelled futures too, and each future once', () => {
    const { open } = occupy(executor)
    const cancelled = executor.submit(tasks, 'add', [1, 1])
    cancelled.cancel()
    open()
    const failed = executor.submit(tasks, 'fail', ['x'])
    const given = [...asCompleted([failed, cancelled, failed], { timeout: 10_000 })]
    expect(given).toEqual([cancelled, failed])
    expect(failed.error().message).toBe('x')
    expect([...asCompleted([])]).toEqual([])
  })

  test('may be left early', () => {
    const signals = createSignals()
    const quick = executor.submit(tasks, 'add', [1, 1])
    const held = hold(signals, 2)
    for (const future of asCompleted([held, quick])) {
      expect(future).toBe(quick)
      break
    }
    openGate(signals)
    expect(held.result(10_000)).toBe(2)
  })

  test('a loop body may submit, block and wait', () => {
    const futures = [1, 2, 3, 4].map(value =>
      executor.submit(tasks, 'turns', [createSignals(), value, value]),
    )
    const sums = []
    for (const future of asCompleted(futures, { timeout: 10_000 }))
      sums.push(executor.run(tasks, 'add', [future.result(), 10]))
    expect(sums.sort()).toEqual([11, 12, 13, 14])
  })

  test('gives every one of many futures once', () => {
    const futures = []
    const signals = createSignals()
    for (let i = 0; i < 3000; i++)
      futures.push((i % 2 ? other : executor).submit(tasks, 'turns', [signals, i % 3, i]))
    const seen = new Set()
    for (const future of asCompleted(futures, { timeout: 20_000 })) seen.add(future.result())
    expect(seen.size).toBe(3000)
  })
})

describe('gather', () => {
  test('gives the values in the order of the futures, duplicates included', () => {
    const signals = createSignals()
    const first = hold(signals, 'first')
    const second = other.submit(tasks, 'echo', ['second'])
    second.result()
    openGate(signals)
    expect(gather([first, second, first])).toEqual(['first', 'second', 'first'])
    expect(gather([])).toEqual([])
  })

  test('throws an error without waiting for the others', () => {
    const signals = createSignals()
    const held = hold(signals, 1)
    const failed = executor.submit(tasks, 'fail', ['x'])
    expect(thrownBy(() => gather([held, failed])).message).toBe('x')
    expect(held.done).toBe(false)
    openGate(signals)
    expect(held.result(10_000)).toBe(1)
  })

  test('throws for a cancelled future', () => {
    const { open } = occupy(executor)
    const cancelled = executor.submit(tasks, 'add', [1, 1])
    cancelled.cancel()
    expect(thrownBy(() => gather([cancelled]))).toBeInstanceOf(CancelledError)
    open()
  })

  test('with returnErrors puts errors in the place of values', () => {
    const own = createExecutor(1)
    const futures = [
      own.submit(tasks, 'fail', ['x']),
      own.submit(tasks, 'echo', [2]),
      own.submit(tasks, 'throwValue', [0]),
    ]
    const [error, value, thrown] = gather(futures, { returnErrors: true })
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toBe('x')
    expect(value).toBe(2)
    expect(thrown).toBeInstanceOf(Error)
    expect(thrown.cause).toBe(0)
  })
})
