import { MessageChannel } from 'node:worker_threads'
import { AsyncPoolExecutor, NotCloneableError } from 'async-pool-executor'
import { afterAll, describe, expect, test } from 'vitest'
import { runScript } from './child.mjs'
import { createExecutor, createSignals, openGate, thrownBy } from './helpers.mjs'
import { fixture, fixtures, tasks } from './paths.mjs'

const values = new URL('values.mjs', fixtures)
const executor = new AsyncPoolExecutor({ size: 4, queueSize: 100 })
afterAll(() => executor.shutdown())

const cases = {
  undefined,
  null: null,
  true: true,
  zero: 0,
  'negative zero': -0,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  bigint: 2n ** 70n,
  'empty string': '',
  'lone surrogate': 'a\ud800b',
  'long string': 'x'.repeat(1_000_000),
  date: new Date(86_400_000),
  regexp: /a+/giu,
  map: new Map([[{ key: 1 }, new Map([['a', new Set([1, 'b'])]])]]),
  set: new Set([1, Number.NaN, -0]),
  'typed array': new Float64Array([1, -0, Number.NaN]),
  'array buffer': new Uint8Array([1, 2, 3]).buffer,
  bigints: new BigInt64Array([1n, -1n]),
  'boxed values': [Object(1), Object('s'), Object(true), Object(1n)],
  'array with holes': Object.assign([1], { 3: 4 }),
  'nested objects': { a: [{ b: { c: [] } }], d: undefined },
  'own __proto__': JSON.parse('{"__proto__": {"polluted": true}, "a": 1}'),
  'typed array view': new Uint8Array(new ArrayBuffer(100), 10, 5),
  error: new TypeError('as a value'),
}

describe('values', () => {
  test.each(Object.keys(cases))('cross both ways as structuredClone carries them: %s', name => {
    const value = cases[name]
    expect(executor.run(tasks, 'echo', [value])).toStrictEqual(structuredClone(value))
    expect(executor.run(tasks, 'echoSync', [value])).toStrictEqual(structuredClone(value))
  })

  test('keep what toStrictEqual does not see', () => {
    const own = executor.run(tasks, 'echo', [cases['own __proto__']])
    expect(Object.hasOwn(own, '__proto__')).toBe(true)
    expect(Object.getPrototypeOf(own)).toBe(Object.prototype)
    expect({}.polluted).toBeUndefined()
    expect(1 in executor.run(tasks, 'echo', [cases['array with holes']])).toBe(false)
    expect(executor.run(values, 'describe', [-0]).isNegativeZero).toBe(true)
  })

  test('keep cycles and shared references within one value', () => {
    const cyclic = {}
    cyclic.self = cyclic
    expect(executor.run(values, 'isCyclic', [cyclic])).toBe(true)
    const back = executor.run(tasks, 'echo', [cyclic])
    expect(back.self).toBe(back)
    const shared = {}
    const [a, b] = executor.run(tasks, 'echo', [[shared, shared]])
    expect(a).toBe(b)
  })

  test('lose their class as structuredClone does', () => {
    class Point {
      x = 1
    }
    expect(Object.getPrototypeOf(executor.run(tasks, 'echo', [new Point()]))).toBe(Object.prototype)
    expect(executor.run(tasks, 'echo', [Buffer.from('ab')])).toBeInstanceOf(Uint8Array)
  })

  test('share memory that is shared', () => {
    const shared = new SharedArrayBuffer(4)
    executor.run(values, 'fill', [shared, 7])
    expect([...new Uint8Array(shared)]).toEqual([7, 7, 7, 7])
  })

  test('are copies: later changes of the arguments are not seen', () => {
    const signals = createSignals()
    const list = [1]
    const future = executor.submit(tasks, 'hold', [signals, list])
    list.push(2)
    openGate(signals)
    const first = future.result(10_000)
    expect(first).toEqual([1])
    expect(future.result()).toBe(first)
  })

  test('of two tasks that return the same object do not alias', () => {
    for (let round = 0; round < 100; round++) {
      const futures = [1, 2, 3].map(() => executor.submit(values, 'sameObject'))
      const [a, b, c] = futures.map(future => future.result())
      expect(a).toEqual({ shared: true })
      expect(a === b || b === c || a === c).toBe(false)
    }
  })

  test('no arguments, many arguments, and arguments left out', () => {
    expect(executor.run(tasks, 'count')).toBe(0)
    expect(executor.run(tasks, 'count', [])).toBe(0)
    expect(executor.run(tasks, 'count', [undefined, undefined])).toBe(2)
    expect(executor.run(tasks, 'count', Array(10_000).fill(0))).toBe(10_000)
  })

  test('are moved when listed in transferList', () => {
    const buffer = new ArrayBuffer(1024)
    expect(executor.run(values, 'byteLength', [buffer], { transferList: [buffer] })).toBe(1024)
    expect(buffer.byteLength).toBe(0)
    const copied = new ArrayBuffer(1024)
    expect(executor.run(values, 'byteLength', [copied])).toBe(1024)
    expect(copied.byteLength).toBe(1024)
    const { port1 } = new MessageChannel()
    for (const twice of [copied, port1]) {
      const transferList = [twice, twice]
      const error = thrownBy(() => executor.submit(values, 'byteLength', [twice], { transferList }))
      expect(error).toBeInstanceOf(TypeError)
      expect(error.code).toBe('ERR_INVALID_ARG_TYPE')
      expect(error.message).toContain('transferList')
    }
    port1.close()
    expect(copied.byteLength).toBe(1024)
  })
})

describe('functions', () => {
  test('may be sync, async, or return any thenable', () => {
    expect(executor.run(tasks, 'echoSync', [1])).toBe(1)
    expect(executor.run(tasks, 'echo', [1])).toBe(1)
    expect(executor.run(values, 'thenable', ['resolved'])).toBe('resolved')
    expect(thrownBy(() => executor.run(values, 'failingThenable', ['refused'])).message).toBe('refused')
    expect(thrownBy(() => executor.run(values, 'throwingThenable', ['thrown'])).message).toBe('thrown')
    const error = thrownBy(() => executor.run(tasks, 'failSync', ['sync']))
    expect(error).toBeInstanceOf(RangeError)
    expect(error.message).toBe('sync')
  })
})

describe('arguments that cannot be carried', () => {
  const { port1 } = new MessageChannel()
  afterAll(() => port1.close())

  test.each([
    ['args[0] is a function', [() => {}]],
    ['args[1].onClick is a function', [1, { onClick() {} }]],
    ['args[0].list[2] is a symbol', [{ list: [1, 2, Symbol('s')] }]],
    ['args[0]["a key"]', [{ 'a key': new WeakMap() }]],
    ['args[0]', [Promise.resolve()]],
    ['args[0]', [new Proxy({}, {})]],
    ['args[0]', [port1]],
    ['args[0].get("k")', [new Map([['k', () => {}]])]],
    ['args[0] item 1', [new Set([1, () => {}])]],
    ['args[0].cause is a function', [new Error('x', { cause: () => {} })]],
    ['args[0].of.cause.list[0] is a function', [{ of: new TypeError('x', { cause: { list: [() => {}] } }) }]],
    [
      'args[0] is an AsyncFunctionQueue,',
      [Object.setPrototypeOf(new WeakMap(), { constructor: { name: 'AsyncFunctionQueue' } })],
    ],
    ['args[0] is a WeakMap,', [new WeakMap()]],
  ])('are refused at the call, which says where: %s', (where, args) => {
    for (const method of ['submit', 'trySubmit', 'run']) {
      const error = thrownBy(() => executor[method](tasks, 'echo', args))
      expect(error).toBeInstanceOf(NotCloneableError)
      expect(error.code).toBe('ERR_NOT_CLONEABLE')
      expect(error.message).toContain(where)
    }
  })

  describe('are not what the transfer list names', () => {
    const { port1: moved } = new MessageChannel()
    afterAll(() => moved.close())

    test.each([
      ['args[1].onClick is a function', [moved, { onClick() {} }]],
      ['args[0].bad.fn is a function', [{ list: [moved, moved], bad: { fn() {} } }]],
      ['args[2] is a MessagePort', [moved, { moved }, port1]],
      ['args[1].stream is a ReadableStream', [new Set([moved]), { stream: new ReadableStream() }]],
      ['args[1] is a Promise', [new Map([[1, { moved }]]), Promise.resolve()]],
    ])('but %s', (where, args) => {
      const submit = () => executor.submit(tasks, 'echo', args, { transferList: [moved] })
      expect(thrownBy(submit).message).toContain(`${where}`)
    })

    test('nor that of a result, in the worker and in a CPU thread', () => {
      const task = () => {
        const { transfer } = require('async-pool-executor/task')
        const { port1 } = new globalThis.MessageChannel()
        return transfer({ port: port1, of: [port1], bad: { fn() {} } }, [port1])
      }
      for (const offload of [false, true])
        expect(thrownBy(() => executor.run(task, [], { offload })).message).toContain(
          'result.bad.fn is a function',
        )
    })
  })

  test('so is progress, in the task, which says where', () => {
    const message = executor.run(fixture('callbacks.mjs'), 'progressOf', [])
    expect(message).toMatch(/^NotCloneableError: value\.steps\[1\] is a function,.*callbacks\.mjs#progressOf/)
    expect(executor.run(fixture('callbacks.mjs'), 'progressOf', [], { offload: true })).toBe(message)
  })

  test('are refused as such, however badly they behave', () => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    expect(thrownBy(() => executor.submit(tasks, 'echo', [[proxy]]))).toBeInstanceOf(NotCloneableError)
  })

  test('leave no trace', () => {
    const own = createExecutor({ size: 1, queueSize: 1 })
    for (let i = 0; i < 100; i++)
      expect(() => own.submit(tasks, 'echo', [() => {}])).toThrow(NotCloneableError)
    expect(own.stats()).toMatchObject({ queued: 0, running: 0, completed: 0, failed: 0 })
    expect(own.run(tasks, 'echo', ['fine'])).toBe('fine')
  })

  test('a getter that throws throws its own error, and nothing is accepted', () => {
    const own = createExecutor({ size: 1, queueSize: 1 })
    const args = [
      {
        get value() {
          throw new RangeError('from a getter')
        },
      },
    ]
    for (let i = 0; i < 10; i++) {
      const error = thrownBy(() => own.submit(tasks, 'echo', args))
      expect(error).toBeInstanceOf(RangeError)
      expect(error.message).toBe('from a getter')
    }
    expect(own.stats()).toMatchObject({ queued: 0, running: 0 })
    expect(own.run(tasks, 'echo', ['fine'])).toBe('fine')
  })

  test('a getter may submit and block', () => {
    const own = createExecutor({ size: 1, queueSize: 5 })
    const args = [
      {
        get value() {
          return own.run(tasks, 'add', [1, 2])
        },
      },
    ]
    expect(own.run(tasks, 'echo', args)).toEqual({ value: 3 })
  })
})

describe('an error with what cannot be carried arrives without that', () => {
  const errorOf = fn => executor.submit(values, fn).error(10_000)

  test('and with lists that contain themselves as they are', () => {
    const error = errorOf('errorInCyclicLists')
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ message: 'in lists', code: 'E_LISTS' })
    const { list } = error
    expect([list[0], list[3][0]]).toEqual([error, error])
    for (const same of [list[1], list[2], list[3][1]]) expect(same).toBe(list)
  })

  test('a port that is closed, wherever it stands and on each of its ways', async () => {
    const { lines, code } = await runScript(
      'import',
      `const { callback } = await import('async-pool-executor')
       const { MessageChannel } = await import('node:worker_threads')
       const values = ${JSON.stringify(values.href)}
       const executor = new AsyncPoolExecutor()
       const show = error => say([error.name, error.message, error.code, Object.keys(error)].join(' '))
       const future = executor.submit(values, 'errorWithClosedPort')
       show(future.error())
       const { port1 } = new MessageChannel()
       port1.close()
       port1.on('close', async () => {
         const error = Object.assign(new TypeError('mine'), { code: 'E_MINE', port1, deep: { port1 } })
         const running = executor.submit(tasks, 'slow', [50])
         say(running.cancel(error))
         const fail = callback(() => { throw error })
         show(await executor.runAsync(${JSON.stringify(fixture('callbacks.mjs'))}, 'throughError', [fail]).catch(e => e))
       })`,
    )
    expect({ lines, code }).toEqual({
      lines: ['TypeError with ports E_PORTS code', 'true', 'TypeError mine E_MINE code'],
      code: 0,
    })
  })
})

describe('a result or error that cannot be carried fails its task and nothing else', () => {
  test('what a getter of a result throws is the cause, if it is no error, however hard it is to show', () => {
    const errorOf = thrown =>
      executor
        .submit(
          thrown => ({
            get bad() {
              throw new Function(`return ${thrown}`)()
            },
          }),
          [thrown],
        )
        .error()
    expect(errorOf('5')).toMatchObject({
      message: 'a getter of the result of inline function threw 5',
      cause: 5,
    })
    const unshowable = "({ of: 1, [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('no') } })"
    const { message, cause } = errorOf(unshowable)
    expect(message).toMatch(/^a getter of the result of inline function threw a value that cannot be shown/)
    expect(cause).toEqual({ of: 1 })
  })

  test.each([
    ['functionInside', { name: 'NotCloneableError', message: /result\.list\[1\]\.onClick is a function/ }],
    ['symbol', { name: 'NotCloneableError', message: /result is a symbol/ }],
    ['throwSymbol', { name: 'NotCloneableError', message: /symbol/ }],
    ['throwFunction', { name: 'NotCloneableError', message: /function/ }],
    ['generator', { name: 'NotCloneableError', message: /./ }],
    ['revokedProxy', { name: 'NotCloneableError', message: /./ }],
    ['throwRevokedProxy', { message: /./ }],
    ['throwingGetter', { name: 'RangeError', message: /from a getter/ }],
    ['throwingThen', { name: 'RangeError', message: /from then/ }],
    ['errorWithThrowingProperty', { name: 'Error', message: /outer/ }],
    ['errorWithThrowingMessage', { message: /./ }],
    ['errorWithOddName', { message: /odd/ }],
    ['errorWithOddMessage', { message: /^/ }],
    ['errorWithDeepCauses', { message: /./ }],
    ['deepObject', { message: /./ }],
  ])('%s', (fn, { name, message }) => {
    const own = createExecutor({ size: 8, queueSize: 100, restart: { max: 1000, within: 1 } })
    const signals = createSignals()
    const running = own.submit(tasks, 'hold', [signals, 'untouched'])
    for (let round = 0; round < 3; round++) {
      const before = [1, 2].map(value => own.submit(tasks, 'echo', [{ value }]))
      const bad = own.submit(values, fn)
      const after = [3, 4].map(value => own.submit(tasks, 'echoSync', [value]))
      const error = bad.error(10_000)
      expect(error).toBeInstanceOf(Error)
      expect(error.constructor.name).not.toBe('WorkerDiedError')
      if (name !== undefined) expect(error.name).toBe(name)
      expect(error.message).toMatch(message)
      expect(before.map(future => future.result(10_000))).toEqual([{ value: 1 }, { value: 2 }])
      expect(after.map(future => future.result(10_000))).toEqual([3, 4])
    }
    openGate(signals)
    expect(running.result(10_000)).toBe('untouched')
    expect(own.stats()).toMatchObject({ failed: 3, completed: 13, restarts: 0 })
  })
})
