import { AsyncPoolExecutor, callback, QueueFullError, wait } from 'async-pool-executor'
import { describe, expect, test } from 'vitest'
import { runScript, systems } from './child.mjs'
import { awaitSignal, createExecutor, createSignals, occupy, openGate, Signal, thrownBy } from './helpers.mjs'
import { tasks } from './paths.mjs'

describe('submit', () => {
  test('blocks while the queue is full, and returns when one waiting task starts', () => {
    for (const size of [1, 2]) {
      const executor = createExecutor({ size, queueSize: 2 })
      const { signals, open } = occupy(executor)
      const queued = [executor.submit(tasks, 'add', [1, 1]), executor.submit(tasks, 'add', [2, 2])]
      expect(executor.stats()).toMatchObject({ running: size, queued: 2 })
      expect(thrownBy(() => executor.submit(tasks, 'add', [3, 3], { submitTimeout: 20 }))).toBeInstanceOf(
        QueueFullError,
      )
      open()
      expect(executor.submit(tasks, 'add', [3, 3]).result(10_000)).toBe(6)
      expect(queued.map(future => future.result(10_000))).toEqual([2, 4])
      expect(Atomics.load(signals, Signal.MostRunning)).toBe(size)
    }
  })

  test.each(systems)(
    'blocked in it, the caller sleeps until a task of another kind opens the gate (%s)',
    async system => {
      // The only thing that ends the block is work that the worker does meanwhile.
      const { lines, code } = await runScript(
        system,
        `const words = new Int32Array(new SharedArrayBuffer(64))
       const executor = new AsyncPoolExecutor({ size: 2, queueSize: 1 })
       executor.submit(tasks, 'hold', [words, 'held'])
       executor.submit(tasks, 'openGate', [words])
       for (let i = 0; i < 20; i++) executor.submit(tasks, 'turns', [words, 3])
       say('submitted ' + words[3])
       executor.join()
       say('finished ' + words[4] + ' most ' + words[2])`,
      )
      expect(lines[0]).toMatch(/^submitted \d+$/)
      expect(lines[1]).toBe('finished 21 most 2')
      expect(code).toBe(0)
    },
  )

  test('with queueSize 0 waits for a free slot', () => {
    const executor = createExecutor({ size: 2, queueSize: 0 })
    const { signals, open } = occupy(executor)
    const refused = thrownBy(() => executor.submit(tasks, 'add', [1, 2], { submitTimeout: 20 }))
    expect(refused).toBeInstanceOf(QueueFullError)
    expect(executor.stats()).toMatchObject({ running: 2, queued: 0 })
    open()
    expect(executor.submit(tasks, 'add', [1, 2]).result(10_000)).toBe(3)
    for (let i = 0; i < 200; i++) executor.submit(tasks, 'turns', [signals, i % 3])
    executor.join()
    expect(Atomics.load(signals, Signal.MostRunning)).toBe(2)
  })

  test('with size 1 and queueSize 0 runs strictly one after another', () => {
    const executor = createExecutor({ size: 1, queueSize: 0 })
    const signals = createSignals()
    for (let i = 0; i < 100; i++) executor.submit(tasks, 'turns', [signals, 1])
    expect(executor.join(10_000)).toBe(true)
    expect(Atomics.load(signals, Signal.MostRunning)).toBe(1)
    expect(Atomics.load(signals, Signal.Finished)).toBe(100)
  })

  test('accepts nothing when submitTimeout passes, and says how things stand', () => {
    const executor = createExecutor({ size: 1, queueSize: 1, name: 'narrow' })
    const { open } = occupy(executor)
    executor.submit(tasks, 'add', [1, 1])
    for (const submitTimeout of [0, 10]) {
      const error = thrownBy(() => executor.submit(tasks, 'add', [1, 1], { submitTimeout }))
      expect(error).toBeInstanceOf(QueueFullError)
      expect(error.code).toBe('ERR_QUEUE_FULL')
      expect(error.message).toMatch(/narrow/)
      expect(error.message).toMatch(/tasks\.mjs#add/)
      expect(error.message).toMatch(/1 running.*1 queued/)
    }
    expect(executor.stats()).toMatchObject({ running: 1, queued: 1 })
    open()
    executor.join()
    expect(executor.stats().completed).toBe(2)
  })

  test('with submitTimeout 0 is accepted when there is space', () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    expect(executor.submit(tasks, 'add', [1, 1], { submitTimeout: 0 }).result()).toBe(2)
  })

  test('a cancelled queued task gives its place away', () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    const { open } = occupy(executor)
    const queued = executor.submit(tasks, 'add', [1, 1])
    expect(queued.cancel()).toBe(true)
    const next = executor.submit(tasks, 'add', [2, 2], { submitTimeout: 10_000 })
    expect(next.state).toBe('queued')
    open()
    expect(next.result(10_000)).toBe(4)
  })

  test('a getter in the arguments that submits does not overfill the queue', () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    const { open } = occupy(executor)
    let inner
    const args = {
      get value() {
        inner = executor.trySubmit(tasks, 'add', [1, 1])
        return 7
      },
    }
    const outer = executor.submit(tasks, 'echo', [args])
    const { queued } = executor.stats()
    open()
    expect(outer.result(10_000)).toEqual({ value: 7 })
    expect(inner?.result(10_000) ?? 2).toBe(2)
    expect(queued).toBeLessThanOrEqual(1)
  })
})

describe('a signal that is aborted while the queue is full', () => {
  const options = signal => ({ signal, submitTimeout: 2_000 }) // so that a fault does not block for ever

  test.each(['submit', 'run', 'trySubmit'])('already before: %s refuses at once', method => {
    const executor = createExecutor({ size: 1, queueSize: 0 })
    const { open } = occupy(executor)
    const signal = AbortSignal.abort('why')
    const error = thrownBy(() => executor[method](tasks, 'add', [1, 1], options(signal)))
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', cause: 'why' })
    open()
    expect(executor.shutdown()).toMatchObject({ completed: 1, cancelled: 0 })
  })

  test('by a callback: submit stops waiting', () => {
    const executor = createExecutor({ size: 1, queueSize: 0 })
    const controller = new AbortController()
    const signals = createSignals()
    const abort = callback(() => controller.abort('changed my mind'))
    const abortAndHold = async (abort, words) => {
      await abort()
      while (Atomics.load(words, 0) === 0) await Atomics.waitAsync(words, 0, 0).value
    }
    executor.submit(abortAndHold, [abort, signals])
    const error = thrownBy(() => executor.submit(tasks, 'add', [1, 1], options(controller.signal)))
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', cause: 'changed my mind' })
    openGate(signals)
    expect(executor.shutdown()).toMatchObject({ completed: 1, cancelled: 0 })
  })
})

describe('trySubmit', () => {
  test('gives undefined when slots and queue are taken, and a future when not', () => {
    const executor = createExecutor({ size: 2, queueSize: 1 })
    const { open } = occupy(executor)
    const queued = executor.trySubmit(tasks, 'add', [1, 1])
    expect(queued.result instanceof Function).toBe(true)
    expect(executor.trySubmit(tasks, 'add', [1, 1])).toBeUndefined()
    expect(executor.stats()).toMatchObject({ running: 2, queued: 1 })
    open()
    expect(queued.result(10_000)).toBe(2)
    executor.join()
    expect(executor.trySubmit(tasks, 'add', [2, 2]).result(10_000)).toBe(4)
  })

  test('takes size tasks, and no more, with queueSize 0', () => {
    const executor = createExecutor({ size: 2, queueSize: 0 })
    const signals = createSignals()
    const futures = Array.from({ length: 3 }, () => executor.trySubmit(tasks, 'hold', [signals]))
    expect(futures.map(future => future !== undefined)).toEqual([true, true, false])
    openGate(signals)
  })

  test('fills slots and queue of a worker that has not started yet', () => {
    const executor = createExecutor({ size: 2, queueSize: 3 })
    const signals = createSignals()
    let accepted = 0
    while (executor.trySubmit(tasks, 'hold', [signals]) !== undefined) accepted++
    expect(accepted).toBe(5)
    awaitSignal(signals, Signal.Started, 2)
    expect(executor.stats()).toMatchObject({ running: 2, queued: 3 })
    openGate(signals)
    executor.join()
    expect(Atomics.load(signals, Signal.MostRunning)).toBe(2)
  })
})

describe('saturation', () => {
  test.each([
    [1, 0],
    [1, 1],
    [3, 0],
    [3, 1],
    [7, 50],
    [50, 3],
  ])('never more than size run at once: size %i, queueSize %i', (size, queueSize) => {
    const executor = createExecutor({ size, queueSize })
    const signals = createSignals()
    for (let i = 0; i < 1000; i++) {
      executor.submit(tasks, 'turns', [signals, i % 4])
      if (i % 10 === 0) {
        const { running, queued } = executor.stats()
        expect(running).toBeGreaterThanOrEqual(0)
        expect(running).toBeLessThanOrEqual(size)
        expect(queued).toBeGreaterThanOrEqual(0)
        expect(queued).toBeLessThanOrEqual(queueSize === 0 ? size : queueSize)
      }
    }
    executor.join()
    expect(Atomics.load(signals, Signal.Finished)).toBe(1000)
    expect(Atomics.load(signals, Signal.MostRunning)).toBeLessThanOrEqual(size)
    expect(executor.stats()).toMatchObject({ running: 0, queued: 0, completed: 1000 })
  })

  test('holds while running tasks are cancelled: a cancelled one keeps its slot until it ends', () => {
    const executor = createExecutor({ size: 2, queueSize: 4 })
    const { signals, futures, open } = occupy(executor)
    expect(futures[0].cancel()).toBe(true)
    const later = executor.submit(tasks, 'turns', [signals, 1])
    expect(later.state).toBe('queued')
    expect(executor.stats().running).toBe(2)
    open()
    later.result(10_000)
    expect(Atomics.load(signals, Signal.MostRunning)).toBe(2)
  })
})

describe('progress', () => {
  test('tasks of all executors go on while the caller waits for one of them', () => {
    const a = createExecutor(1)
    const b = createExecutor(1)
    const signals = createSignals()
    const held = a.submit(tasks, 'hold', [signals, 'released by the other'])
    b.submit(tasks, 'openGate', [signals])
    expect(held.result(10_000)).toBe('released by the other')
  })

  test('tasks go on while the caller is busy', () => {
    const executor = createExecutor(2)
    const signals = createSignals()
    executor.submit(tasks, 'turns', [signals, 5])
    const deadline = performance.now() + 10_000
    while (Atomics.load(signals, Signal.Finished) === 0 && performance.now() < deadline);
    expect(Atomics.load(signals, Signal.Finished)).toBe(1)
  })

  test('a flood of instant tasks does not starve one that waits for the event loop', () => {
    const executor = createExecutor({ size: 4, queueSize: 100 })
    const signals = createSignals()
    executor.submit(tasks, 'turns', [signals, 20])
    let submitted = 0
    const most = 2_000_000
    while (Atomics.load(signals, Signal.Finished) === 0 && submitted < most) {
      executor.submit(tasks, 'echoSync', [submitted])
      submitted++
    }
    expect(submitted).toBeLessThan(most)
  })

  test('a flood in one executor does not starve another', () => {
    const flooded = createExecutor({ size: 1, queueSize: 10_000 })
    const other = createExecutor(1)
    const { open } = occupy(flooded)
    for (let i = 0; i < 10_000; i++) flooded.submit(tasks, 'echo', [i])
    expect(other.run(tasks, 'add', [20, 22])).toBe(42)
    open()
    expect(flooded.join(20_000)).toBe(true)
  })

  test('several executors at once keep their tasks apart', () => {
    const executors = Array.from(
      { length: 4 },
      (_, i) => new AsyncPoolExecutor({ size: i + 1, queueSize: i }),
    )
    const signals = executors.map(() => createSignals())
    const futures = []
    for (let i = 0; i < 2000; i++) {
      const which = i % executors.length
      futures.push(executors[which].submit(tasks, 'turns', [signals[which], i % 3, i]))
    }
    expect(wait(futures, { timeout: 20_000 }).pending.size).toBe(0)
    expect(futures.map(future => future.result())).toEqual(futures.map((_, i) => i))
    for (const [i, executor] of executors.entries()) {
      expect(Atomics.load(signals[i], Signal.MostRunning)).toBeLessThanOrEqual(executor.size)
      expect(executor.stats().completed).toBe(500)
      executor.shutdown()
    }
  })
})
