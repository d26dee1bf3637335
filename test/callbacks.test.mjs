import { asCompleted, callback, gather, wait } from 'async-pool-executor'
import { describe, expect, test, vi } from 'vitest'
import { runScript, systems } from './child.mjs'
import { awaitSignal, createExecutor, createSignals, openGate, Signal, thrownBy } from './helpers.mjs'
import { fixture, tasks as otherTasks } from './paths.mjs'

const tasks = fixture('callbacks.mjs')

describe('once there are callbacks, arguments still cross as structured clone carries them', () => {
  callback(() => {})

  test('references are shared between whatever contains them', () => {
    const node = { id: 1 }
    class Holder {
      node = node
    }
    const graph = {
      node,
      list: [node],
      map: new Map([['n', node]]),
      set: new Set([node]),
      held: new Holder(),
    }
    graph.error = new Error('with a cause', { cause: node })
    const used = callback(() => {})
    for (const args of [[graph], [graph, used], [{ graph, used }]]) {
      const copy = createExecutor().run(tasks, 'echoWithoutFunctions', args)
      const { node, list, map, set, held, error } = copy.graph ?? copy
      for (const same of [list[0], map.get('n'), [...set][0], held.node, error.cause]) expect(same).toBe(node)
    }
  })

  test('what is refused is refused', () => {
    const executor = createExecutor()
    const weakMap = Object.setPrototypeOf(new WeakMap(), Object.prototype)
    for (const bad of [new Proxy({ a: 1 }, {}), new Proxy([{}], {}), weakMap])
      expect(thrownBy(() => executor.submit(tasks, 'echo', [bad])).code).toBe('ERR_NOT_CLONEABLE')
  })

  test('a Map or a Date without its prototype is one', () => {
    const executor = createExecutor()
    const map = Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype)
    expect(executor.run(tasks, 'echo', [map])).toEqual(new Map([[1, 2]]))
    expect(executor.run(tasks, 'echo', [Object.setPrototypeOf(new Date(5), null)])).toEqual(new Date(5))
  })

  test('a getter runs once', () => {
    const get = vi.fn(() => ({ deep: 1 }))
    const value = Object.defineProperty({}, 'value', { enumerable: true, get })
    expect(createExecutor().run(tasks, 'echo', [value, callback(() => {})])).toEqual({ value: { deep: 1 } })
    expect(get).toHaveBeenCalledOnce()
  })

  test('what is nested deeply, or is a list of little at the end, is looked at as fast as it is sent', () => {
    const executor = createExecutor()
    let deep = []
    for (let depth = 0; depth < 2500; depth++) deep = [deep]
    expect(executor.run(tasks, 'nothing', [deep])).toBe(undefined)
    const sparse = [] // element by element this would take minutes
    sparse[4e9] = {}
    expect(executor.run(tasks, 'nothing', [sparse])).toBe(undefined)
  })
})

describe('a callback in the arguments', () => {
  test('is called in this thread while it is blocked, wherever it stands in arrays and objects', () => {
    const executor = createExecutor()
    const calls = []
    const add = callback((a, b) => {
      calls.push([a, b])
      return a + b
    })
    expect(executor.run(tasks, 'sum', [{ add, also: [1, { deep: add }] }, [1, 2, 3]])).toBe(6)
    expect(calls).toEqual([
      [0, 1],
      [1, 2],
      [3, 3],
    ])
    expect(executor.run(tasks, 'callAll', [[callback(x => x + 1), callback(x => x * 2)], 5])).toEqual([6, 10])
  })

  test('leaves the arguments as they are, shared references included', () => {
    const executor = createExecutor()
    const shared = { deep: [1] }
    const args = [shared, shared, callback(() => {})]
    expect(executor.run(tasks, 'sameTwice', args)).toBe(true)
    expect(args[0]).toBe(shared)
  })

  test('is one function in the task, in however many places it stands', () => {
    const same = callback(() => {})
    expect(createExecutor().run(tasks, 'sameTwice', [same, same])).toBe(true)
  })

  test('may be frozen, and given to several tasks, one of them while the arguments of another are read', () => {
    const executor = createExecutor()
    const [one, other] = [Object.freeze(callback(() => 'one')), callback(() => 'other')]
    const between = []
    const args = [
      {
        one,
        get now() {
          between.push(executor.run(tasks, 'callAll', [[other, one], 0]))
          return 'read'
        },
        other,
      },
    ]
    expect(executor.run(tasks, 'callEach', args)).toEqual({ one: 'one', now: 'read', other: 'other' })
    expect(between).toEqual([['other', 'one']])
  })

  test('is not blamed for another argument that cannot be cloned', () => {
    const args = [callback(() => {}), { fn() {} }]
    expect(thrownBy(() => createExecutor().submit(tasks, 'echo', args)).message).toMatch(/args\[1\]\.fn is a/)
  })

  test('its error reaches the task whole, and the caller through the task', () => {
    const executor = createExecutor()
    const fail = callback(() => {
      throw Object.assign(new RangeError('mine'), { code: 'E_MINE' })
    })
    expect(executor.run(tasks, 'describeError', [fail])).toMatchObject({
      name: 'RangeError',
      code: 'E_MINE',
      message: 'mine',
      isError: true,
    })
    expect(thrownBy(() => executor.run(tasks, 'throughError', [fail]))).toMatchObject({
      name: 'RangeError',
      code: 'E_MINE',
    })
    const throwsValue = callback(() => {
      throw 'a string'
    })
    expect(executor.run(tasks, 'describeError', [throwsValue])).toMatchObject({
      isError: false,
      thrown: 'a string',
    })
  })

  test('values that cannot be cloned are refused on either way, by name', () => {
    const executor = createExecutor()
    const result = executor.run(tasks, 'describeError', [callback(() => ({ fn() {} }))])
    expect(result).toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining('result.fn is a function'),
    })
    expect(executor.run(tasks, 'giveFunction', [callback(() => 1)])).toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining('args[0] is a function'),
    })
    expect(
      thrownBy(() => executor.submit(tasks, 'echo', [new Map([[1, callback(() => {})]])])),
    ).toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
    })
  })

  test.each([
    ['run', executor => executor.run(otherTasks, 'echo', [1])],
    ['result', executor => executor.submit(otherTasks, 'echo', [1]).result()],
    ['gather', executor => gather([executor.submit(otherTasks, 'echo', [1])])],
    ['wait', executor => wait([executor.submit(otherTasks, 'echo', [1])])],
    ['map', executor => [...executor.map(otherTasks, 'echo', [1])]],
    ['join', executor => executor.join()],
  ])('that blocks in the same executor by %s is refused', (_, block) => {
    const executor = createExecutor({ size: 5 })
    expect(executor.run(tasks, 'describeError', [callback(() => block(executor))])).toMatchObject({
      name: 'DeadlockError',
      code: 'ERR_DEADLOCK',
    })
    expect(executor.join()).toBe(true)
  })

  test.each([
    ['result', future => future.result()],
    ['error', future => future.error()],
    ['gather', future => gather([future])],
    ['wait', future => wait([future])],
    ['wait for the first', future => wait([future], { returnWhen: 'first-completed' })],
    ['asCompleted', future => [...asCompleted([future])]],
    ['map', (_future, executor) => executor.map(otherTasks, 'echo', [1]).next()],
  ])('that waits by %s is refused even if what it waits for has come', (_, block) => {
    const executor = createExecutor({ size: 9 })
    executor.run(otherTasks, 'echo', [1])
    const waits = callback(() => {
      // Both are submitted, which takes in what has come, before the first can end; the second ends some turns later.
      const signals = createSignals()
      const future = executor.submit(otherTasks, 'hold', [signals])
      executor.submit(
        async (hold, words) => {
          await (await import(hold)).hold(words)
          for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
          Atomics.add(words, 5, 1)
          Atomics.notify(words, 5)
        },
        [otherTasks, signals],
      )
      openGate(signals)
      awaitSignal(signals, Signal.Logged, 1)
      block(future, executor)
    })
    expect(executor.run(tasks, 'describeError', [waits])).toMatchObject({ code: 'ERR_DEADLOCK' })
    executor.join()
  })

  test('may read what it has seen to be settled, and wait with a limit', () => {
    const executor = createExecutor({ size: 5 })
    const reads = callback(() => {
      const future = executor.submit(otherTasks, 'echo', ['polled'])
      while (!future.done);
      return [
        future.result(),
        gather([future]),
        executor.submit(otherTasks, 'echo', ['limited']).result(10_000),
      ]
    })
    expect(executor.run(tasks, 'callAll', [[reads], 0])).toEqual([['polled', ['polled'], 'limited']])
  })

  test('may block in another executor, whose tasks may call back too', () => {
    const executor = createExecutor({ name: 'one' })
    const other = createExecutor({ name: 'other' })
    const outer = callback(() => other.run(tasks, 'sum', [{ add: callback((a, b) => a + b) }, [1, 2]]))
    expect(executor.run(tasks, 'callAll', [[outer], 0])).toEqual([3])
  })

  test('that is async answers on an event loop, and is refused while the thread is blocked', async () => {
    const executor = createExecutor()
    const later = callback(async value => {
      await new Promise(resolve => setImmediate(resolve))
      return value + 1
    })
    expect(await executor.runAsync(tasks, 'callAll', [[later, later], 1])).toEqual([2, 2])
    expect(executor.run(tasks, 'describeError', [later])).toMatchObject({ code: 'ERR_DEADLOCK' })
  })

  test('runs while the thread waits for something else of that executor', () => {
    const executor = createExecutor({ size: 1, queueSize: 1 })
    let calls = 0
    const count = callback(() => ++calls)
    const first = executor.submit(tasks, 'callAll', [[count, count], 0])
    executor.submit(tasks, 'callAll', [[count], 0])
    executor.submit(tasks, 'echo', [1]) // waits for space
    executor.join()
    expect(calls).toBe(3)
    expect(first.result()).toHaveLength(2)
  })

  test('a callback of onDone may block for a task that calls back', () => {
    const executor = createExecutor()
    const seen = []
    executor
      .submit(tasks, 'echo', [1])
      .onDone(() => seen.push(executor.run(tasks, 'callAll', [[callback(() => 'inner')], 0])))
    executor.join()
    expect(seen).toEqual([['inner']])
  })

  test('comes in order with progress', () => {
    const executor = createExecutor()
    const seen = []
    executor.run(tasks, 'progressAndCall', [callback(value => seen.push(value))], {
      onProgress: value => seen.push(value),
    })
    expect(seen).toEqual(['one', 'two', 'three', 'four'])
  })

  test('is answered when an item of a stream is asked for, not first when the event loop turns', async () => {
    const calls = []
    const answer = callback(i => {
      calls.push(i)
      return i * 2
    })
    const words = createSignals()
    const items = createExecutor().streamAsync(tasks, 'askForEach', [answer, words, 3])
    expect(await items.next()).toEqual({ value: 0, done: false })
    awaitSignal(words, 0, 2)
    const next = items.next()
    expect(calls).toEqual([0, 1])
    expect(await next).toEqual({ value: 2, done: false })
    await items.return()
  })

  test('cannot be called after the end of its task; a call nobody waits for hurts nobody', () => {
    const executor = createExecutor()
    const seen = []
    executor.run(tasks, 'keep', [callback(() => {})])
    expect(executor.run(tasks, 'callKept')).toMatchObject({ name: 'ExecutorError' })
    expect(executor.run(tasks, 'forget', [callback(value => seen.push(value))])).toBe('done')
    expect(executor.run(tasks, 'echo', [1])).toBe(1)
    expect(executor.stats().restarts).toBe(0)
    expect(seen.length).toBeLessThanOrEqual(1)
  })

  test('is refused at the call if it is no function', () => {
    expect(thrownBy(() => callback(5))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test('ten thousand calls come back right', () => {
    const executor = createExecutor()
    const items = Array.from({ length: 10_000 }, (_, i) => i)
    expect(executor.run(tasks, 'sum', [{ add: callback((a, b) => a + b) }, items])).toBe(49_995_000)
  })

  test.each(systems)('one that ends the process does not keep it from ending (%s)', async system => {
    const { code } = await runScript(
      system,
      `${system === 'import' ? "const { callback } = await import('async-pool-executor')" : "const { callback } = require('async-pool-executor')"}
       const executor = new AsyncPoolExecutor({ onError: 'ignore' })
       executor.run(${JSON.stringify(tasks)}, 'callAll', [[callback(() => process.exit(5))], 0])`,
    )
    expect(code).toBe(5)
  })

  test.each(systems)('is answered during the exit drain (%s)', async system => {
    const { lines } = await runScript(
      system,
      `${system === 'import' ? "const { callback } = await import('async-pool-executor')" : "const { callback } = require('async-pool-executor')"}
       const executor = new AsyncPoolExecutor()
       executor.submit(${JSON.stringify(tasks)}, 'callLater', [callback(text => say(text)), 50])
       process.exit()`,
    )
    expect(lines).toEqual(['late'])
  })
})
