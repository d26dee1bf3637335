import { AsyncPoolExecutor } from 'async-pool-executor'
import { describe, expect, test } from 'vitest'
import { runScript, systems } from './child.mjs'
import { awaitSignal, createExecutor, createSignals, occupy, Signal, thrownBy } from './helpers.mjs'
import { tasks } from './paths.mjs'

/** Resolves when the promise settles or the event loop has turned so often. */
async function settlesWithin(turns, promise) {
  let isSettled = false
  promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  )
  for (let turn = 0; turn < turns && !isSettled; turn++) await new Promise(resolve => setImmediate(resolve))
  return isSettled
}

describe('submitAsync', () => {
  test('waits for space without blocking, and is let in in order', async () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    const { open } = occupy(executor)
    executor.submit(tasks, 'echo', [0])
    const words = createSignals(20)
    const submits = Array.from({ length: 20 }, (_, i) => executor.submitAsync(tasks, 'log', [words, i]))
    expect(await settlesWithin(20, submits[0])).toBe(false)
    expect(executor.trySubmit(tasks, 'echo', [1])).toBeUndefined()
    open()
    const futures = await Promise.all(submits)
    await Promise.all(futures.map(future => future.promise()))
    expect([...words.subarray(Signal.Log)]).toEqual(Array.from({ length: 20 }, (_, i) => i))
  })

  test('a blocking submit waits its turn behind those that came before', async () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    const { open } = occupy(executor)
    const words = createSignals(4)
    executor.submit(tasks, 'log', [words, 0])
    const submits = [1, 2].map(i => executor.submitAsync(tasks, 'log', [words, i]))
    open()
    executor.submit(tasks, 'log', [words, 3])
    executor.join()
    await Promise.all(submits)
    expect([...words.subarray(Signal.Log)]).toEqual([0, 1, 2, 3])
  })

  test('with submitTimeout gives up, and nothing was accepted', async () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    const { open } = occupy(executor)
    executor.submit(tasks, 'echo', [0])
    await expect(executor.submitAsync(tasks, 'echo', [1], { submitTimeout: 20 })).rejects.toMatchObject({
      code: 'ERR_QUEUE_FULL',
      message: expect.stringContaining('1 running (size 1), 1 queued (queueSize 1)'),
    })
    open()
    expect(executor.shutdown()).toMatchObject({ completed: 2 })
  })

  test('rejects with what submit throws', async () => {
    const executor = createExecutor()
    await expect(executor.submitAsync(5, 'echo')).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    await expect(executor.submitAsync(tasks, 'echo', [() => {}])).rejects.toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
    })
    executor.shutdown()
    await expect(executor.submitAsync(tasks, 'echo')).rejects.toMatchObject({ code: 'ERR_EXECUTOR_CLOSED' })
  })

  test('that waits is rejected by a shutdown', async () => {
    const executor = createExecutor({ size: 1, queueSize: 0 })
    const { open } = occupy(executor)
    const waiting = executor.submitAsync(tasks, 'echo')
    const rejected = expect(waiting).rejects.toMatchObject({ code: 'ERR_EXECUTOR_CLOSED' })
    open()
    executor.shutdown()
    await rejected
  })

  test('that waits goes on when the worker is replaced', async () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    const dying = executor.submit('node:process', 'exit', [3])
    const queued = executor.submit(tasks, 'echo', ['queued'])
    const waiting = executor.submitAsync(tasks, 'echo', ['waiting'])
    expect(await (await waiting).promise()).toBe('waiting')
    expect(queued.result()).toBe('queued')
    expect(dying.error().code).toBe('ERR_WORKER_DIED')
  })
})

describe('a signal', () => {
  test('aborted before rejects at once, and submit throws', async () => {
    const executor = createExecutor()
    const signal = AbortSignal.abort(new Error('why'))
    const cancelled = { code: 'ERR_CANCELLED', cause: expect.objectContaining({ message: 'why' }) }
    await expect(executor.runAsync(tasks, 'echo', [1], { signal })).rejects.toMatchObject(cancelled)
    expect(thrownBy(() => executor.submit(tasks, 'echo', [1], { signal }))).toMatchObject(cancelled)
    expect(executor.stats()).toMatchObject({ queued: 0, running: 0, cancelled: 0 })
  })

  test('aborted while waiting, queued and running cancels in each case', async () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    const signals = createSignals()
    const controller = new AbortController()
    const { signal } = controller
    const running = executor.runAsync(tasks, 'hold', [signals], { signal })
    awaitSignal(signals, Signal.Started, 1)
    const queued = executor.runAsync(tasks, 'echo', [1], { signal })
    const waiting = executor.runAsync(tasks, 'echo', [2], { signal })
    controller.abort('enough')
    for (const promise of [running, queued, waiting])
      await expect(promise).rejects.toMatchObject({ code: 'ERR_CANCELLED', cause: 'enough' })
    Atomics.store(signals, Signal.Gate, 1)
    Atomics.notify(signals, Signal.Gate)
    await executor.joinAsync()
    expect(executor.stats()).toMatchObject({ running: 0, queued: 0, cancelled: 2 })
  })

  test('that many tasks share has one listener, and none when they are done', async () => {
    const executor = createExecutor({ size: 10, queueSize: 1000 })
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args) => {
      listeners++
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args) => {
      listeners--
      removeEventListener.apply(signal, args)
    }
    const all = Array.from({ length: 500 }, (_, i) => executor.runAsync(tasks, 'echo', [i], { signal }))
    expect(listeners).toBe(1)
    await Promise.all(all)
    expect(listeners).toBe(0)
  })
})

describe('mapAsync', () => {
  test.each([
    ['an array', () => [30, 1, 20, 2]],
    [
      'an async generator',
      async function* () {
        yield* [30, 1, 20, 2]
      },
    ],
  ])('maps %s in order, or as results are ready', async (_, items) => {
    const executor = createExecutor({ size: 4 })
    const read = async options => {
      const results = []
      for await (const result of executor.mapAsync(tasks, 'slow', items(), options)) results.push(result)
      return results
    }
    expect(await read()).toHaveLength(4)
    expect(await read({ ordered: false })).toHaveLength(4)
  })

  test('keeps the order of the items, whatever the order of the results', async () => {
    const executor = createExecutor({ size: 4 })
    const words = createSignals()
    const items = [[words, 'first'], 'second']
    const read = []
    for await (const result of executor.mapAsync(tasks, 'holdIfList', items, { ordered: false })) {
      read.push(result)
      Atomics.store(words, Signal.Gate, 1)
      Atomics.notify(words, Signal.Gate)
    }
    expect(read).toEqual(['second', 'first'])
    const again = []
    for await (const result of executor.mapAsync(tasks, 'holdIfList', items)) again.push(result)
    expect(again).toEqual(['first', 'second'])
  })

  test('reads no more than lookAhead items ahead, and closes its source when it is left', async () => {
    const executor = createExecutor({ size: 2, queueSize: 100 })
    let given = 0
    let closed = false
    async function* source() {
      try {
        for (;;) yield given++
      } finally {
        closed = true
      }
    }
    for await (const result of executor.mapAsync(tasks, 'echo', source(), { lookAhead: 5 })) {
      expect(given).toBeLessThanOrEqual(result + 7)
      if (result === 20) break
    }
    expect(closed).toBe(true)
    await executor.joinAsync()
  })

  test('throws the error of a task at its position, and of the source at its', async () => {
    const executor = createExecutor()
    const read = []
    const readAll = async items => {
      for await (const result of executor.mapAsync(tasks, 'echoUnlessNegative', items)) read.push(result)
    }
    await expect(readAll([1, 2, -3, 4])).rejects.toThrow()
    async function* source() {
      yield 5
      throw new RangeError('source')
    }
    await expect(readAll(source())).rejects.toThrow('source')
    await expect(readAll([6, () => {}])).rejects.toMatchObject({ code: 'ERR_NOT_CLONEABLE' })
    expect(read).toEqual([1, 2, 5, 6])
  })

  test.each([5, null])('an iterator that gives %s is refused, as `for` does, by map too', async given => {
    const executor = createExecutor()
    const items = { [Symbol.iterator]: () => ({ next: () => given }) }
    const refusal = { name: 'TypeError', message: `Iterator result ${given} is not an object` }
    await expect(executor.mapAsync(tasks, 'echo', items).next()).rejects.toMatchObject(refusal)
    expect(thrownBy(() => executor.map(tasks, 'echo', items).next())).toMatchObject(refusal)
    expect(executor.stats()).toMatchObject({ completed: 0, queued: 0 })
  })

  test('map refuses an async iterable and says what to use', () => {
    const executor = createExecutor()
    expect(thrownBy(() => executor.map(tasks, 'echo', (async function* () {})()))).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
      message: expect.stringContaining('mapAsync'),
    })
    expect(thrownBy(() => executor.mapAsync(tasks, 'echo', 5))).toMatchObject({
      code: 'ERR_INVALID_ARG_TYPE',
    })
  })

  test('map with ordered: false gives results as they are ready', () => {
    const executor = createExecutor({ size: 4 })
    const words = createSignals()
    const read = []
    for (const result of executor.map(tasks, 'holdIfList', [[words, 'first'], 'second'], {
      ordered: false,
    })) {
      read.push(result)
      Atomics.store(words, Signal.Gate, 1)
      Atomics.notify(words, Signal.Gate)
    }
    expect(read).toEqual(['second', 'first'])
  })
})

describe('joinAsync and shutdownAsync', () => {
  test('join waits for slots of cancelled tasks too', async () => {
    const executor = createExecutor({ size: 1 })
    const { futures, open } = occupy(executor)
    futures[0].cancel()
    const joined = executor.joinAsync()
    expect(await settlesWithin(20, joined)).toBe(false)
    open()
    await joined
    expect(executor.stats().running).toBe(0)
  })

  test('shutdown settles everything, ends the worker and reports', async () => {
    const executor = new AsyncPoolExecutor({ size: 2, queueSize: 10 })
    const futures = Array.from({ length: 10 }, (_, i) =>
      executor.submit(tasks, 'turns', [createSignals(), 2, i]),
    )
    expect(await executor.shutdownAsync()).toEqual({ completed: 10, failed: 0, cancelled: 0, abandoned: 0 })
    expect(futures.every(future => future.done)).toBe(true)
    expect(executor.stats().worker).toBe('none')
    expect(await executor.shutdownAsync()).toMatchObject({ completed: 10 })
  })

  test('shutdown gives up in time', async () => {
    const executor = new AsyncPoolExecutor({ size: 1, onError: 'ignore' })
    const { futures } = occupy(executor)
    expect(await executor.shutdownAsync({ timeout: 20 })).toMatchObject({ abandoned: 1 })
    expect(futures[0].error().code).toBe('ERR_EXECUTOR_CLOSED')
  })

  test('is what asyncDispose does', async () => {
    const executor = new AsyncPoolExecutor()
    const future = executor.submit(tasks, 'echo', [1])
    await executor[Symbol.asyncDispose]()
    expect(future.state).toBe('fulfilled')
    expect(executor.closed).toBe(true)
  })
})

describe('blocking and async calls in one program', () => {
  test('settle everything once, in any mixture', async () => {
    const executor = createExecutor({ size: 3, queueSize: 2 })
    const results = []
    const pending = []
    for (let i = 0; i < 300; i++) {
      if (i % 3 === 0) results.push(executor.run(tasks, 'echo', [i]))
      else if (i % 3 === 1)
        pending.push(executor.runAsync(tasks, 'echo', [i]).then(value => results.push(value)))
      else
        pending.push(
          executor
            .submit(tasks, 'echo', [i])
            .promise()
            .then(value => results.push(value)),
        )
      if (i % 50 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    await Promise.all(pending)
    expect(results.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, i) => i))
    expect(executor.stats().completed).toBe(300)
  })

  test.each(systems)('keep the process alive exactly while something is awaited (%s)', async system => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 0 })
       executor.runAsync(tasks, 'slow', [50, 'first']).then(say)
       executor.submitAsync(tasks, 'slow', [50]).then(future => { say(future.state); executor.joinAsync().then(() => say('joined')) })`,
    )
    expect(lines.slice(0, 2).toSorted()).toEqual(['first', expect.stringMatching(/queued|running/)])
    expect(lines.slice(2)).toEqual(['joined'])
    expect(code).toBe(0)
  })

  test.each(systems)(
    'what was accepted is done at process.exit, and what waits for space as well (%s)',
    async system => {
      const { lines, code } = await runScript(
        system,
        `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 1 })
       for (let i = 0; i < 4; i++) executor.submitAsync(tasks, 'slowSay', [20, 'done ' + i])
       setImmediate(() => process.exit(6))`,
      )
      expect(lines).toEqual(['done 0', 'done 1', 'done 2', 'done 3'])
      expect(code).toBe(6)
    },
  )
})
