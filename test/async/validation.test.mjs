import { AsyncPool, shutdownAll } from 'async-pool-executor/async'
import { describe, expect, test } from 'vitest'
import { createPool, rejectionOf } from './support.mjs'

const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' }
const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' }

function thrownBy(fn) {
  try {
    fn()
  } catch (error) {
    return { name: error.name, code: error.code, message: error.message }
  }
  return 'nothing was thrown'
}

const rate = given => ({ size: 1, rate: given })

test.each([
  [undefined, type, 'options'],
  [null, type, 'options'],
  ['5', type, 'options'],
  [[], type, 'options'],
  [{}, type, 'options.size'],
  [0, range, 'options.size'],
  [1.5, range, 'options.size'],
  [{ size: '1' }, type, 'options.size'],
  [{ size: 2 ** 21 }, range, 'options.size'],
  [{ size: 1, queueSize: -1 }, range, 'options.queueSize'],
  [{ size: 1, queueSize: Number.POSITIVE_INFINITY }, range, 'options.queueSize'],
  [{ size: 1, name: '' }, type, 'options.name'],
  [{ size: 1, onError: 'throw' }, type, 'options.onError'],
  [{ size: 1, concurrency: 3 }, type, 'options.concurrency'],
  [Object.create({ size: 0 }), range, 'options.size'],
  [Object.create({ size: 1, queueSize: -1 }), range, 'options.queueSize'],
  [rate(5), type, 'options.rate'],
  [rate({ tasks: 1 }), type, 'options.rate.per'],
  [rate({ per: 1 }), type, 'options.rate.tasks'],
  [rate({ tasks: 1, per: 1, burst: 5 }), type, 'options.rate.burst'],
  [rate({ tasks: 0, per: 1 }), range, 'options.rate.tasks'],
  [rate({ tasks: 1, per: -1 }), range, 'options.rate.per'],
  [rate({ tasks: 1, per: Number.NaN }), range, 'options.rate.per'],
  [rate({ tasks: 1, per: Number.POSITIVE_INFINITY }), range, 'options.rate.per'],
])('new AsyncPool(%j) says what is wrong', (options, expected, what) => {
  const error = thrownBy(() => new AsyncPool(options))
  expect(error).toMatchObject(expected)
  expect(error.message).toContain(`"${what}"`)
})

test.each([
  [null, type, 'options'],
  [{ priority: '1' }, type, 'options.priority'],
  [{ priority: Number.NaN }, range, 'options.priority'],
  [{ signal: {} }, type, 'options.signal'],
  [{ timeout: '1' }, type, 'options.timeout'],
  [{ timeout: -1 }, range, 'options.timeout'],
  [{ submitTimeout: -1 }, range, 'options.submitTimeout'],
  [{ retries: 1 }, type, 'options.retries'],
])('with(%j) says what is wrong', (options, expected, what) => {
  const error = thrownBy(() => createPool(1).with(options))
  expect(error).toMatchObject(expected)
  expect(error.message).toContain(`"${what}"`)
})

test('what `with` was given may change afterwards', async () => {
  const options = { timeout: 1e6 }
  const face = createPool(1).with(options)
  options.timeout = 'never'
  expect(await face.run(() => 1)).toBe(1)
})

describe('a call', () => {
  test('without a function rejects, and nothing is accepted', async () => {
    const pool = createPool(1)
    for (const call of [pool.run('fn'), pool.submit(undefined), pool.run({ fn() {} })]) {
      const error = await rejectionOf(call)
      expect(error).toMatchObject(type)
      expect(error.message).toContain('"fn" argument must be a function')
    }
    expect(thrownBy(() => pool.trySubmit(null))).toMatchObject(type)
    expect(pool.stats()).toMatchObject({ completed: 0, failed: 0 })
  })

  test.each([
    [[null, []], type, 'fn'],
    [[() => 1, undefined], type, 'items'],
    [[() => 1, 5], type, 'items'],
    [[() => 1, { length: 1 }], type, 'items'],
    [[() => 1, [], { ordered: 1 }], type, 'options.ordered'],
    [[() => 1, [], { lookAhead: 0 }], range, 'options.lookAhead'],
    [[() => 1, [], { concurrency: 1 }], type, 'options.concurrency'],
  ])('map(%j) throws before anything is asked for', (args, expected, what) => {
    const error = thrownBy(() => createPool(1).map(...args))
    expect(error).toMatchObject(expected)
    expect(error.message).toContain(`"${what}"`)
  })

  test('resize and shutdown refuse what they cannot do', async () => {
    const pool = createPool(1)
    expect(thrownBy(() => pool.resize(0))).toMatchObject(range)
    expect(thrownBy(() => pool.resize('2'))).toMatchObject(type)
    expect(await rejectionOf(pool.shutdown({ timeout: -1 }))).toMatchObject(range)
    expect(await rejectionOf(pool.shutdown({ wait: false }))).toMatchObject(type)
    expect(await rejectionOf(shutdownAll({ cancelPending: 1 }))).toMatchObject(type)
    expect(pool).toMatchObject({ size: 1, closed: false })
  })
})
