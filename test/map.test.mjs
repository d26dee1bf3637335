import { AsyncPoolExecutor, NotCloneableError } from 'async-pool-executor'
import { afterAll, describe, expect, test } from 'vitest'
import { awaitSignal, createExecutor, createSignals, occupy, openGate, Signal, thrownBy } from './helpers.mjs'
import { tasks } from './paths.mjs'

const executor = new AsyncPoolExecutor({ size: 4, queueSize: 4 })
afterAll(() => executor.shutdown())

function* numbers(read = [], most = Number.POSITIVE_INFINITY) {
  for (let i = 0; i < most; i++) {
    read.push(i)
    yield i
  }
}

describe('map', () => {
  test('gives results in the order of the items', () => {
    expect([...executor.map(tasks, 'echo', [3, 1, 2])]).toEqual([3, 1, 2])
    expect([...executor.map(tasks, 'echoSync', new Set('abc'))]).toEqual(['a', 'b', 'c'])
    expect([...executor.map(tasks, 'echo', [])]).toEqual([])
    expect([...executor.map(tasks, 'echo', numbers([], 500))]).toEqual(
      Array.from({ length: 500 }, (_, i) => i),
    )
  })

  test('calls with the item alone', () => {
    expect([...executor.map(tasks, 'count', [[1, 2], undefined])]).toEqual([1, 1])
  })

  test('reads nothing before the first result is asked for', () => {
    const read = []
    executor.map(tasks, 'echo', numbers(read))
    expect(read).toEqual([])
  })

  test('looks at most lookAhead items ahead, on endless items too', () => {
    const read = []
    const results = executor.map(tasks, 'echo', numbers(read), { lookAhead: 3 })
    expect(results.next().value).toBe(0)
    expect(read.length).toBeLessThanOrEqual(3)
    expect(results.next().value).toBe(1)
    expect(read.length).toBeLessThanOrEqual(4)
    results.return()
    const byDefault = []
    const unbounded = executor.map(tasks, 'echo', numbers(byDefault))
    unbounded.next()
    expect(byDefault.length).toBeLessThanOrEqual(8)
    unbounded.return()
  })

  test('runs items at once', () => {
    const own = createExecutor({ size: 2, queueSize: 2 })
    const signals = createSignals()
    // The first result needs the gate, and that opens when two of them run.
    const opening = executor.submit(tasks, 'openWhenStarted', [signals, 2])
    expect([...own.map(tasks, 'hold', [signals, signals, signals])]).toHaveLength(3)
    expect(Atomics.load(signals, Signal.MostRunning)).toBe(2)
    expect(opening.result()).toBe(2)
  })

  test('raises the error of a task at its position', () => {
    const results = executor.map(tasks, 'echoUnlessNegative', [1, 2, -3, 4])
    const given = []
    const error = thrownBy(() => {
      for (const value of results) given.push(value)
    })
    expect(given).toEqual([1, 2])
    expect(error.message).toBe('-3 is negative')
    expect(results.next()).toEqual({ done: true, value: undefined })
  })

  test('raises at the position of an item that cannot be carried', () => {
    const given = []
    const error = thrownBy(() => {
      for (const value of executor.map(tasks, 'echo', [1, 2, () => {}, 4])) given.push(value)
    })
    expect(error).toBeInstanceOf(NotCloneableError)
    expect(given).toEqual([1, 2])
  })

  test('raises the error of the items at its position', () => {
    function* items() {
      yield 1
      yield 2
      throw new Error('no more')
    }
    const given = []
    const error = thrownBy(() => {
      for (const value of executor.map(tasks, 'echo', items())) given.push(value)
    })
    expect(error.message).toBe('no more')
    expect(given).toEqual([1, 2])
  })

  test('closing it cancels what has not started, and closes the items', () => {
    const own = createExecutor({ size: 2, queueSize: 4 })
    const signals = createSignals()
    openGate(signals)
    let isClosed = false
    function* items() {
      try {
        yield [signals, 'open']
        for (;;) yield closed
      } finally {
        isClosed = true
      }
    }
    const closed = [createSignals(), 'closed']
    const results = own.map(tasks, 'holdItem', items())
    expect(results.next().value).toBe('open')
    awaitSignal(closed[0], Signal.Started, 2)
    const { queued } = own.stats()
    expect(queued).toBeGreaterThan(0)
    results.return()
    expect(isClosed).toBe(true)
    expect(own.stats()).toMatchObject({ running: 2, cancelled: queued })
    openGate(closed[0])
    expect(own.join(10_000)).toBe(true)
    expect(own.stats()).toMatchObject({ running: 0, queued: 0, completed: 3, cancelled: queued })
    expect(Atomics.load(closed[0], Signal.Started)).toBe(2)
  })

  test('an error cancels what has not started', () => {
    const own = createExecutor({ size: 1, queueSize: 4 })
    const signals = createSignals()
    const error = thrownBy(() => [...own.map(tasks, 'failOrHold', ['fail', signals, signals, signals])])
    expect(error.message).toBe('told to')
    openGate(signals)
    own.join(10_000)
    expect(own.stats().cancelled).toBeGreaterThanOrEqual(2)
  })

  test('shares a full queue with other callers without deadlock', () => {
    const own = createExecutor({ size: 1, queueSize: 1 })
    const results = own.map(tasks, 'echo', [1, 2, 3, 4, 5])
    const others = []
    const given = []
    for (const value of results) {
      given.push(value)
      others.push(own.submit(tasks, 'echo', [value * 10]))
    }
    expect(given).toEqual([1, 2, 3, 4, 5])
    expect(others.map(future => future.result(10_000))).toEqual([10, 20, 30, 40, 50])
  })

  test('waits for space when others hold the queue', () => {
    const own = createExecutor({ size: 1, queueSize: 0 })
    const { open } = occupy(own)
    open()
    expect([...own.map(tasks, 'echo', [1, 2, 3])]).toEqual([1, 2, 3])
  })

  test('two maps in turn do not mix', () => {
    const a = executor.map(tasks, 'echo', numbers())
    const b = executor.map(tasks, 'add2', numbers())
    const pairs = Array.from({ length: 50 }, () => [a.next().value, b.next().value])
    a.return()
    b.return()
    expect(pairs).toEqual(Array.from({ length: 50 }, (_, i) => [i, i + 2]))
  })

  test('closing it unread reads nothing', () => {
    const read = []
    const results = executor.map(tasks, 'echo', numbers(read))
    results.return()
    expect(read).toEqual([])
    expect([...results]).toEqual([])
  })
})
