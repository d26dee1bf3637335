import { AsyncPoolExecutor, asCompleted, callback, gather, wait } from 'async-pool-executor'
import { afterAll, describe, expect, test } from 'vitest'
import { thrownBy } from './helpers.mjs'
import { tasks } from './paths.mjs'

const executor = new AsyncPoolExecutor({ size: 2, queueSize: 2 })
afterAll(() => executor.shutdown())

const type = { class: TypeError, code: 'ERR_INVALID_ARG_TYPE' }
const range = { class: RangeError, code: 'ERR_OUT_OF_RANGE' }

function expectRefusal(call, expected, mention) {
  const error = thrownBy(call)
  expect(error).toBeInstanceOf(expected.class)
  expect(error.code).toBe(expected.code)
  if (mention !== undefined) expect(error.message).toContain(mention)
}

const show = value => {
  if (typeof value === 'symbol') return String(value)
  if (typeof value === 'bigint') return `${value}n`
  if (value instanceof URL) return value.href
  return JSON.stringify(value) ?? String(value)
}
const rows = list => list.map(([value, expected, mention]) => [show(value), value, expected, mention])

describe('the constructor refuses', () => {
  test.each(
    rows([
      [null, type],
      ['5', type],
      [true, type],
      [[], type],
      [Symbol('s'), type],
      [5n, type],
      [0, range, 'size'],
      [-1, range, 'size'],
      [1.5, range, 'size'],
      [Number.NaN, range, 'size'],
      [Number.POSITIVE_INFINITY, range, 'size'],
    ]),
  )('%s', (_name, value, expected, mention) => {
    expectRefusal(() => new AsyncPoolExecutor(value), expected, mention)
  })

  test.each([
    ['size', '3', type],
    ['size', null, type],
    ['size', 3n, type],
    ['size', 0, range],
    ['size', 2 ** 32, range],
    ['queueSize', '3', type],
    ['queueSize', -1, range],
    ['queueSize', 0.5, range],
    ['queueSize', Number.NaN, range],
    ['queueSize', Number.POSITIVE_INFINITY, range],
    ['name', '', type],
    ['name', 5, type],
    ['name', null, type],
    ['base', '', type],
    ['base', 5, type],
    ['base', 'https://example.com/', type],
    ['base', new URL('https://example.com/'), type],
    ['base', 'file://elsewhere/folder/file.js', type],
    ['base', new URL('file:///a%2Fb'), type],
    ['restart', 'yes', type],
    ['restart', null, type],
    ['restart', {}, type],
    ['restart', { max: -1, within: 5 }, range],
    ['drainOnExit', 'yes', type],
    ['drainOnExit', {}, type],
    ['drainOnExit', { timeout: -1 }, range],
    ['onError', 'shout', type],
    ['onError', null, type],
    ['stdio', 'pipe', type],
    ['env', 'PATH=x', type],
    ['env', Symbol('not SHARE_ENV'), type],
    ['argv', 'x', type],
    ['argv', [1], type],
    ['execArgv', [null], type],
    ['resourceLimits', 5, type],
    ['sise', 5, type],
  ])('option %s of %s', (name, value, expected) => {
    expectRefusal(() => new AsyncPoolExecutor({ [name]: value }), expected, name)
  })

  test('a base with a NUL in it', () => {
    expectRefusal(() => new AsyncPoolExecutor({ base: 'a\0b' }), type, 'base')
  })

  test('nothing else: undefined, an empty object, undefined options', () => {
    for (const options of [undefined, {}, { size: undefined, base: undefined, onError: undefined }])
      expect(new AsyncPoolExecutor(options).size).toBe(10)
  })
})

describe.each(['submit', 'trySubmit', 'run'])('%s refuses', method => {
  test.each(
    rows([
      [undefined, type],
      [null, type],
      ['', type],
      [5, type],
      [{}, type],
      [Symbol('s'), type],
      ['https://example.com/tasks.js', type],
      ['data:text/javascript,export const fn = () => {}', type],
      [new URL('https://example.com/tasks.js'), type],
      [new URL('data:text/javascript,1'), type],
      ['file://elsewhere/tasks.js', type],
      [new URL('file:///a%2Fb.js'), type],
    ]),
  )('a module path %s', (_name, value, expected) => {
    expectRefusal(() => executor[method](value, 'echo', []), expected, 'modulePath')
  })

  test.each(rows([[undefined], [null], [''], [5], [Symbol('s')], [{}]]))(
    'a function name %s',
    (_name, value) => {
      expectRefusal(() => executor[method](tasks, value, []), type, 'fnName')
    },
  )

  test.each(rows([[null], ['args'], [5], [{}], [{ length: 0 }], [new Set()]]))(
    'arguments %s',
    (_name, value) => {
      expectRefusal(() => executor[method](tasks, 'echo', value), type, 'args')
    },
  )

  test.each(
    rows([
      [null, type],
      [5, type],
      ['x', type],
      [[], type],
      [{ submitTimeout: '5' }, type, 'submitTimeout'],
      [{ submitTimeout: -1 }, range, 'submitTimeout'],
      [{ submitTimeout: Number.NaN }, range, 'submitTimeout'],
      [{ submitTimeout: null }, type, 'submitTimeout'],
      [{ priority: '5' }, type, 'priority'],
      [{ priority: Number.NaN }, range, 'priority'],
      [{ priority: Number.POSITIVE_INFINITY }, range, 'priority'],
      [{ idempotent: 1 }, type, 'idempotent'],
      [{ transferList: {} }, type, 'transferList'],
      [{ transferList: [5] }, type, 'transferList'],
      [{ prioriti: 5 }, type, 'prioriti'],
    ]),
  )('options %s', (_name, value, expected, mention) => {
    expectRefusal(() => executor[method](tasks, 'echo', [1], value), expected, mention)
  })

  test('before anything is accepted', () => {
    const before = executor.stats()
    expect(() => executor[method](tasks, 'echo', [1], { priority: 'x' })).toThrow(TypeError)
    expect({ ...executor.stats(), heartbeatAge: 0 }).toEqual({ ...before, heartbeatAge: 0 })
  })
})

describe('map refuses', () => {
  test.each(rows([[undefined], [null], [5], [{}], [{ length: 1 }]]))(
    'items %s, at the call',
    (_name, items) => {
      expectRefusal(() => executor.map(tasks, 'echo', items), type, 'items')
    },
  )

  test.each(
    rows([
      [null, type],
      [{ lookAhead: 0 }, range],
      [{ lookAhead: '5' }, type],
      [{ lookAhead: 1.5 }, range],
      [{ lookahead: 5 }, type],
      [{ priority: 'x' }, type],
    ]),
  )('options %s, at the call', (_name, options, expected) => {
    expectRefusal(() => executor.map(tasks, 'echo', [1], options), expected)
  })

  test('module path and function name, at the call', () => {
    expectRefusal(() => executor.map('', 'echo', [1]), type)
    expectRefusal(() => executor.map(tasks, '', [1]), type)
  })
})

describe('timeouts refused', () => {
  test.each(
    rows([
      ['5', type],
      [null, type],
      [-1, range],
      [Number.NaN, range],
      [{}, type],
    ]),
  )('%s', (_name, value, expected) => {
    const future = executor.submit(tasks, 'echo', [1])
    const calls = [
      () => future.result(value),
      () => future.error(value),
      () => executor.join(value),
      () => executor.shutdown({ timeout: value }),
      () => wait([future], { timeout: value }),
      () => asCompleted([future], { timeout: value }),
    ]
    for (const call of calls) expectRefusal(call, expected, 'timeout')
    future.result()
    expectRefusal(() => future.result(value), expected, 'timeout')
    expect(executor.closed).toBe(false)
  })
})

describe('compose functions refuse', () => {
  const compose = { wait, asCompleted, gather }
  test.each(Object.keys(compose))('%s: what is no iterable of futures', name => {
    const future = executor.submit(tasks, 'echo', [1])
    for (const value of [
      undefined,
      null,
      5,
      {},
      'futures',
      future,
      [5],
      [null],
      [future, {}],
      [Promise.resolve()],
    ])
      expectRefusal(() => [compose[name](value)], type, 'futures')
  })

  test.each(Object.keys(compose))('%s: options that are no object', name => {
    for (const value of [null, 5, 'x', []]) expectRefusal(() => compose[name]([], value), type, 'options')
  })

  test('bad options', () => {
    expectRefusal(() => wait([], { returnWhen: 'any' }), type, 'returnWhen')
    expectRefusal(() => gather([], { returnErrors: 'yes' }), type, 'returnErrors')
  })
})

describe('other calls refuse', () => {
  test('onDone: what is no function', () => {
    const future = executor.submit(tasks, 'echo', [1])
    for (const value of [undefined, null, 5, {}]) expectRefusal(() => future.onDone(value), type, 'callback')
  })

  test('shutdown: bad options, and stays open', () => {
    for (const value of [null, 5, []]) expectRefusal(() => executor.shutdown(value), type, 'options')
    expectRefusal(() => executor.shutdown({ wait: 1 }), type, 'wait')
    expectRefusal(() => executor.shutdown({ cancelPending: 'x' }), type, 'cancelPending')
    expect(executor.closed).toBe(false)
  })
})

describe('options that are inherited, or come from getters', () => {
  const bad = {
    'a prototype': (name, value) => Object.create({ [name]: value }),
    'a getter of a class': (name, value) => {
      class Options {}
      Object.defineProperty(Options.prototype, name, { get: () => value })
      return new Options()
    },
    'a getter': (name, value) => Object.defineProperty({}, name, { get: () => value, enumerable: true }),
  }

  test.each(Object.entries(bad))('are refused as own ones are: %s', (_from, create) => {
    expectRefusal(() => new AsyncPoolExecutor(create('size', 0)), range, 'options.size')
    expectRefusal(() => new AsyncPoolExecutor(create('queueSize', 'x')), type, 'options.queueSize')
    const submit = options => executor.submit(tasks, 'echo', [1], options)
    expectRefusal(() => submit(create('timeout', 'x')), type, 'options.timeout')
    expectRefusal(() => submit(create('signal', 'x')), type, 'options.signal')
    expectRefusal(() => submit(create('transferList', 'x')), type, 'options.transferList')
    expectRefusal(() => executor.map(tasks, 'echo', [1], create('lookAhead', 0)), range, 'options.lookAhead')
    expectRefusal(
      () => executor.stream(tasks, 'echo', [1], create('lookAhead', 0)),
      range,
      'options.lookAhead',
    )
    expectRefusal(() => executor.module(tasks, create('timeout', 'x')), type, 'options.timeout')
    expectRefusal(() => executor.shutdown(create('cancelPending', 1)), type, 'options.cancelPending')
    expectRefusal(() => wait([], create('returnWhen', 'any')), type, 'options.returnWhen')
    expectRefusal(() => gather([], create('returnErrors', 1)), type, 'options.returnErrors')
  })

  test('are refused if nobody knows them', () => {
    expectRefusal(() => new AsyncPoolExecutor(Object.create({ sise: 5 })), type, 'options.sise')
  })

  test('count as own ones do', () => {
    class Options {
      get size() {
        return 3
      }
      get name() {
        return 'from a class'
      }
      describe() {
        return 'no option'
      }
    }
    const { size, queueSize, name } = new AsyncPoolExecutor(new Options())
    expect({ size, queueSize, name }).toEqual({ size: 3, queueSize: 3, name: 'from a class' })
  })

  test('count for tasks, too', () => {
    const seen = []
    const options = Object.create({ onProgress: value => seen.push(value), idempotent: true })
    const progressing = new URL('./fixtures/callbacks.mjs', import.meta.url)
    executor.run(progressing, 'progressAndCall', [callback(() => {})], options)
    expect(seen).toEqual(['one', 'three'])
    const facade = executor.module(progressing, options)
    facade.run.progressAndCall(callback(() => {}))
    expect(seen).toEqual(['one', 'three', 'one', 'three'])
  })

  test('are read once: what was checked is used', () => {
    let reads = 0
    const changing = {
      get size() {
        return ++reads === 1 ? 2 : 'not a number'
      },
    }
    expect(new AsyncPoolExecutor(changing).size).toBe(2)
  })
})
