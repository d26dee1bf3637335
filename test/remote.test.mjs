import { readFileSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import {
  AsyncPoolExecutor,
  ExecutorClosedError,
  NotCloneableError,
  TaskNotFoundError,
} from 'async-pool-executor'
import { Queue } from 'async-pool-executor/sync'
import * as Comlink from 'comlink'
import { afterAll, describe, expect, test } from 'vitest'
import { file, folder } from './child.mjs'
import { createExecutor, createSignals, openGate, Signal } from './helpers.mjs'
import { fixtures, tasks } from './paths.mjs'

const path = fileURLToPath(new URL('remote.mjs', fixtures))
const executor = new AsyncPoolExecutor({ size: 4, name: 'remote' })
const remote = executor.remote(path)
afterAll(() => executor.shutdown())

const errorOf = promise =>
  promise.then(
    value => expect.fail(`it was fulfilled with ${value}`),
    error => error,
  )

/** Resolves once a word of the worker's has reached a value, while this thread's event loop turns. */
async function reached(words, index, value) {
  for (let now = Atomics.load(words, index); now < value; now = Atomics.load(words, index))
    await Atomics.waitAsync(words, index, now, 10_000).value.then(outcome =>
      expect(outcome).not.toBe('timed-out'),
    )
}

describe('calls and properties', () => {
  test('of functions, async or not', async () => {
    expect(await executor.remote(tasks).add(2, 3)).toBe(5)
    expect(await executor.remote(tasks).echoSync({ of: ['any', { depth: 1 }] })).toEqual({
      of: ['any', { depth: 1 }],
    })
  })

  test('values arrive as structured clone carries them', async () => {
    const { echo } = executor.remote(tasks)
    for (const value of [
      undefined,
      null,
      -0,
      5n,
      'text',
      [1, [2]],
      [],
      new Map([[1, new Set([2])]]),
      new Date(5),
    ])
      expect(await echo(value)).toEqual(value)
  })

  test('of exported values, at any depth', async () => {
    expect(await remote.settings).toEqual({ depth: { value: 5 }, list: [1, [2]] })
    expect(await remote.settings.depth.value).toBe(5)
    expect(await remote.settings.list[1]).toEqual([2])
    expect(await remote.onlyInDefault).toBe('yes')
    expect(await remote.missing).toBeUndefined()
  })

  test('see what the module has changed, and what was set before', async () => {
    const now = await remote.reload()
    expect(await remote.loads).toBe(now)
    remote.settings.depth.value = 6
    expect(await remote.settings.depth.value).toBe(6)
    remote.settings.depth.value = 5
  })

  test('happen in order, from the first on, whatever members they are of', async () => {
    const module = createExecutor({ size: 4 }).remote(new URL('commonjs/remote.js', fixtures))
    const before = module.own()
    module.level = 20
    const raised = module.raise()
    module.level = 30
    expect(await Promise.all([before, raised, module.own()])).toEqual([1, 21, 30])
  })

  test.each(['remote.js', 'remote.cjs'])('of a CommonJS module are those it has now (%s)', async name => {
    const source = new URL('commonjs/remote.js', fixtures)
    const copy = name.endsWith('.cjs') ? file(name, readFileSync(source)) : source
    const module = executor.remote(copy)
    expect(await module.raise()).toBe(2)
    expect(await module.level).toBe(2)
    module.level = 10
    expect(await module.own()).toBe(10)
    module.added = 'new'
    expect(await module.added).toBe('new')
    expect(await module.toString).toBeUndefined()
  })

  test('of a module that is a function itself', async () => {
    for (const name of ['function.cjs', 'commonjs/function.js'])
      expect(await executor.remote(new URL(name, fixtures))('x')).toBe('called with x')
    expect(await errorOf(remote('x'))).toBeInstanceOf(TaskNotFoundError)
  })

  test('of builtin modules', async () => {
    expect(await executor.remote('node:path').basename('/a/b')).toBe('b')
  })

  test('a path is looked up from the file that made the executor', async () => {
    expect(await executor.remote('./fixtures/tasks.mjs').add(1, 1)).toBe(2)
    expect(await executor.remote(new URL('tasks.mjs', fixtures)).add(1, 1)).toBe(2)
  })

  test('awaiting the remote itself gives the remote', async () => {
    expect(await (await remote).settings.depth.value).toBe(5)
  })

  test('a bound function is the function', async () => {
    expect(await executor.remote(tasks).add.bind(null)(1, 2)).toBe(3)
  })
})

describe('classes', () => {
  const words = createSignals()

  test('are constructed, and their objects keep state', async () => {
    const counter = await new remote.Counter(5, words)
    expect(await counter.increment()).toBe(6)
    expect(await counter.increment(4)).toBe(10)
    expect(await counter.value).toBe(10)
    counter.value = 100
    expect(await counter.increment()).toBe(101)
  })

  test('have static members', async () => {
    const before = await remote.Counter.made
    await new remote.Counter(1, words)
    expect(await remote.Counter.describe()).toBe(`made ${before + 1}`)
  })

  test('give objects that come home as themselves', async () => {
    expect(await remote.isCounter(await new remote.Counter(1, words))).toBe(true)
    expect(await remote.isCounter({ value: 1 })).toBe(false)
  })

  test('of results that are marked by Comlink.proxy', async () => {
    const counter = await new remote.Counter(1, words)
    const clone = await counter.clone()
    await clone.increment()
    expect([await counter.value, await clone.value]).toEqual([1, 2])
    const add = await remote.makeAdder(40)
    expect(await add(2)).toBe(42)
  })
})

describe('callbacks', () => {
  test('run in this thread, async or not', async () => {
    const seen = []
    expect(
      await remote.each(
        [1, 2],
        Comlink.proxy(item => seen.push(item)),
      ),
    ).toEqual([1, 2])
    expect(seen).toEqual([1, 2])
    expect(
      await remote.each(
        [1, 2],
        Comlink.proxy(async item => item * 2),
      ),
    ).toEqual([2, 4])
  })

  test('give the worker their errors', async () => {
    const fail = Comlink.proxy(() => {
      throw Object.assign(new TypeError('from here'), { code: 'E_HERE' })
    })
    expect(await remote.catchCode(fail)).toEqual({ code: 'E_HERE', isTypeError: true, message: 'from here' })
    expect(await errorOf(remote.each([1], fail))).toMatchObject({ code: 'E_HERE', message: 'from here' })
  })

  test('may be objects with methods, properties and classes', async () => {
    class Pair {
      constructor(first, second) {
        Object.assign(this, { first, second })
      }
    }
    const object = {
      value: 1,
      Pair,
      add(more) {
        return this.value + more
      },
    }
    expect(await remote.useObject(Comlink.proxy(object))).toEqual({ before: 7, sum: 10, first: 1 })
    expect(object.value).toBe(7)
  })

  test('work for as long as the worker has them, not only during the call', async () => {
    await remote.subscribe(Comlink.proxy(value => value + 1))
    expect(await remote.publish(1)).toBe(2)
    expect(await remote.publish(2)).toBe(3)
  })

  test('come home as themselves', async () => {
    const callback = Comlink.proxy(() => {})
    expect(await remote.giveBack(callback)).toBe(callback)
  })

  test('may be remotes of another executor', async () => {
    const other = createExecutor({ size: 1, name: 'other' }).remote(tasks)
    expect(await remote.each([3, 4], other.add2)).toEqual([5, 6])
  })

  test('are told that the worker has released them', async () => {
    let finalized
    const released = new Promise(resolve => {
      finalized = resolve
    })
    await remote.subscribe(Comlink.proxy(Object.assign(() => {}, { [Comlink.finalizer]: finalized })))
    await remote.unsubscribe()
    await released
  })

  test('run while this thread is blocked in the executor', async () => {
    const seen = []
    const answer = remote.each(
      [1, 2],
      Comlink.proxy(item => seen.push(item)),
    )
    expect(executor.join(10_000)).toBe(true)
    expect(seen).toEqual([1, 2])
    expect(await answer).toEqual([1, 2])
  })

  test('that are async are given up when this thread blocks, not waited for', async () => {
    const answer = remote.catchCode(Comlink.proxy(async () => new Promise(() => {})))
    expect(executor.join(10_000)).toBe(true)
    expect(await answer).toMatchObject({ code: 'ERR_DEADLOCK' })
  })
})

describe('values', () => {
  test('given to Comlink.transfer are moved to the worker', async () => {
    const buffer = new ArrayBuffer(1000)
    expect(await remote.byteLength(Comlink.transfer(buffer, [buffer]))).toBe(1000)
    expect(buffer.byteLength).toBe(0)
  })

  test('given to transfer in the worker are moved from it', async () => {
    expect((await remote.allocate(1000)).buffer.byteLength).toBe(1000)
    expect((await remote.allocateList(1000))[0].byteLength).toBe(1000)
    expect(await remote.keptBytes()).toBe(0)
  })

  test('go to and from callbacks by the same rules', async () => {
    const buffer = new ArrayBuffer(10)
    const [moved] = await remote.each(
      [0],
      Comlink.proxy(() => Comlink.transfer(buffer, [buffer])),
    )
    expect([buffer.byteLength, moved.byteLength]).toEqual([0, 10])
  })

  test('with a transfer handler go as what that makes of them', async () => {
    class Vector {
      constructor(x, y) {
        Object.assign(this, { x, y })
      }
    }
    Comlink.transferHandlers.set('vector', {
      canHandle: value => value instanceof Vector,
      serialize: ({ x, y }) => [`${x} ${y}`, []],
      deserialize: text => new Vector(...text.split(' ').map(Number)),
    })
    try {
      const doubled = await remote.double(new Vector(1, 2))
      expect(doubled).toBeInstanceOf(Vector)
      expect(doubled).toEqual(new Vector(2, 4))
    } finally {
      Comlink.transferHandlers.delete('vector')
    }
  })

  test('that cannot be carried are refused, and say where they are', async () => {
    const nested = await errorOf(remote.giveBack({ on: { click() {} } }))
    expect(nested).toBeInstanceOf(NotCloneableError)
    expect(nested.message).toMatch(/^args\[0\]\.on\.click is a function.*remote\.mjs#giveBack/)
    const bare = await errorOf(remote.each([], () => {}))
    expect(bare).toBeInstanceOf(NotCloneableError)
    expect(bare.message).toMatch(/^args\[1\] is a function.*remote\.mjs#each.*Comlink\.proxy/)
    const result = await errorOf(remote.unmarked())
    expect(result).toBeInstanceOf(NotCloneableError)
    expect(result.message).toMatch(/^result is a function.*remote\.mjs#unmarked.*Comlink\.proxy/)
  })

  test.each([
    ['list', 'result[1] is a function'],
    ['listOfObjects', 'result[0].f is a function (f)'],
    ['object', 'result.a[0] is a function'],
    ['moved', 'result[1].f is a function (f)'],
  ])('say where they are as those of run do: %s', async (name, expected) => {
    const results = file(
      'results.mjs',
      `import { transfer } from 'async-pool-executor'
       export const list = () => [1, () => {}]
       export const listOfObjects = async () => [{ f() {} }]
       export const object = () => ({ a: [() => {}] })
       export const moved = () => transfer([1, { f() {} }], [new ArrayBuffer(1)])
       export const called = async callback => callback()`,
    )
    const module = executor.remote(results)
    const own = await import(pathToFileURL(results))
    for (const call of [
      () => module[name](),
      () => executor.runAsync(results, name),
      () => module.called(Comlink.proxy(() => own[name]())),
    ]) {
      const error = await errorOf(call())
      expect(error).toBeInstanceOf(NotCloneableError)
      expect(error.message).toContain(`${expected}, which cannot be carried`)
    }
  })

  const misplaced = {
    'args[0].counter': counter => executor.run(tasks, 'echo', [{ counter }]),
    'args[0][0]': counter => remote.giveBack([counter]),
    'args[0].member': counter => executor.submit(tasks, 'echo', [{ member: counter.increment }]),
    'item.counter': counter => new Queue().put({ counter }),
  }

  test.each(Object.keys(misplaced))('%s, a proxy among them, is not used to say so', async place => {
    const counter = await new remote.Counter(1, createSignals())
    const { completed, failed } = executor.stats()
    const error = await errorOf(Promise.resolve().then(() => misplaced[place](counter)))
    expect(error).toBeInstanceOf(NotCloneableError)
    expect(error.message).toContain(`${place} is a proxy of remote(), which cannot be carried`)
    await executor.joinAsync()
    expect(executor.stats()).toMatchObject({ completed, failed })
  })

  test('a proxy is no function that can travel as text', async () => {
    const counter = await new remote.Counter(1, createSignals())
    const { failed } = executor.stats()
    expect(() => executor.run(counter, [])).toThrow('native functions and proxies have no source text')
    await executor.joinAsync()
    expect(executor.stats().failed).toBe(failed)
  })
})

describe('errors', () => {
  test('arrive with class, code, cause, own properties and both stacks', async () => {
    const error = await errorOf(remote.failWith('E_LUCK'))
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ message: 'no luck', code: 'E_LUCK', detail: { at: 3 } })
    expect(error.cause).toBeInstanceOf(TypeError)
    expect(error.stack).toMatch(/fixtures\/remote\.mjs[\s\S]*submitted by[\s\S]*remote\.test\.mjs/)
  })

  test('that are no errors arrive as what they are', async () => {
    expect(await errorOf(executor.remote(tasks).throwValue(0))).toBe(0)
  })

  test('of what is not exported list what is', async () => {
    for (const use of [() => remote.missing(), () => remote.missing.deeper, () => new remote.missing()]) {
      const error = await errorOf(use())
      expect(error).toBeInstanceOf(TaskNotFoundError)
      expect(error.message).toMatch(/remote\.mjs.*'missing'.*Counter/)
    }
    expect((await errorOf(remote.settings.depth())).message).toBe('settings.depth is not a function')
  })

  test('keep prototypes out of reach', async () => {
    expect(await remote.Counter.constructor).toBeUndefined()
    expect(await errorOf(remote.reload.constructor('return 1'))).toBeInstanceOf(TypeError)
    expect(await errorOf(remote.constructor('return 1'))).toBeInstanceOf(TaskNotFoundError)
    const upward = '__proto__'
    expect(await errorOf(remote.settings[upward].polluted)).toBeInstanceOf(TypeError)
  })

  test('of a module outside of the roots', async () => {
    const confined = createExecutor({ size: 1, roots: [folder()] })
    expect((await errorOf(confined.remote(path).reload())).message).toMatch(/roots/)
  })

  test('of a module path are thrown at once', () => {
    for (const bad of [undefined, 5, '', 'http://localhost/x.js'])
      expect(() => executor.remote(bad)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }))
  })

  test('of a closed executor', async () => {
    const closed = new AsyncPoolExecutor(1)
    const proxy = closed.remote(tasks)
    expect(await proxy.add(1, 1)).toBe(2)
    closed.shutdown()
    expect(await errorOf(proxy.add(1, 1))).toBeInstanceOf(ExecutorClosedError)
  })
})

describe('the executor', () => {
  test('runs no more calls at once than its size, however many there are', async () => {
    const bounded = createExecutor({ size: 3, queueSize: 10 })
    const proxy = bounded.remote(tasks)
    const words = createSignals()
    const calls = Array.from({ length: 10_000 }, (_, number) => proxy.turns(words, 1, number))
    expect(await Promise.all(calls)).toEqual(calls.map((_, number) => number))
    expect(Atomics.load(words, Signal.MostRunning)).toBe(3)
    expect(bounded.stats()).toMatchObject({ completed: 10_000, failed: 0 })
  })

  test('counts calls in its stats, by name', async () => {
    const counted = createExecutor({ size: 2, queueSize: 5 })
    const words = createSignals()
    const counter = await new (counted.remote(path).Counter)(1, words)
    const calls = [counter.holdOpen(), counted.remote(tasks).hold(words), counted.remote(tasks).hold(words)]
    await reached(words, Signal.Started, 2)
    const { running, queued, tasks: list } = counted.stats()
    expect({ running, queued }).toEqual({ running: 2, queued: 1 })
    expect(list.map(({ name }) => name).sort()).toEqual(['remote.mjs#Counter.holdOpen', 'tasks.mjs#hold'])
    openGate(words)
    await Promise.all(calls)
    expect(await counted.remote(path).nameOfTask()).toBe('remote.mjs#nameOfTask')
    expect(counted.stats()).toMatchObject({ completed: 5, running: 0 })
  })

  test('applies its timeout to calls', async () => {
    const impatient = createExecutor({ size: 1, timeout: 20 })
    const error = await errorOf(impatient.remote(tasks).hold(createSignals()))
    expect(error).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect(error.message).toMatch(/tasks\.mjs#hold/)
  })
})

describe('a release', () => {
  const released = 'this proxy has been released'

  test('lets the worker forget the object', async () => {
    const words = createSignals()
    const counter = await new remote.Counter(1, words)
    counter[Comlink.releaseProxy]()
    await reached(words, 1, 1)
    expect(() => counter.value).toThrow(released)
    expect(() => counter.increment()).toThrow(released)
    expect(await remote.reload()).toBeTypeOf('number')
  })

  test('waits for what is under way, queued or running', async () => {
    const narrow = createExecutor({ size: 1 })
    const words = createSignals()
    const counter = await new (narrow.remote(path).Counter)(3, words)
    const calls = [counter.holdOpen(), counter.increment()]
    await reached(words, Signal.Started, 1)
    counter[Comlink.releaseProxy]()
    expect(Atomics.load(words, 1)).toBe(0)
    openGate(words)
    expect(await Promise.all(calls)).toEqual([3, 4])
    await reached(words, 1, 1)
  })

  test('of a module ends only that proxy', async () => {
    const proxy = executor.remote(path)
    proxy[Comlink.releaseProxy]()
    expect(() => proxy.reload()).toThrow(released)
    expect(await executor.remote(path).reload()).toBeTypeOf('number')
  })

  test('an object of one proxy is not that of another', async () => {
    const words = createSignals()
    const [one, other] = [await new remote.Counter(1, words), await new remote.Counter(2, words)]
    one[Comlink.releaseProxy]()
    await reached(words, 1, 1)
    expect(await other.increment()).toBe(3)
  })
})
