import { createSecretKey } from 'node:crypto'
import { BlockList } from 'node:net'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { deserialize, serialize } from 'node:v8'
import { CancelledError, NotCloneableError, QueueFullError } from 'async-pool-executor'
import { ItemTooLargeError, Lock, Queue, QueueEmptyError } from 'async-pool-executor/sync'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createExecutor, thrownBy } from '../helpers.mjs'
import { awaitWaiters, waitersOf } from './support/waiters.mjs'

const tasks = fileURLToPath(new URL('support/tasks.mjs', import.meta.url))
const limit = 10_000

const faces = {
  blocking: {
    put: (queue, item, options) => queue.put(item, options),
    get: (queue, timeout) => queue.get(timeout),
  },
  awaiting: {
    put: (queue, item, options) => queue.putAsync(item, options),
    get: (queue, timeout) => queue.getAsync(timeout === undefined ? {} : { timeout }),
  },
}

describe.each(Object.entries(faces))('%s', (_name, { put, get }) => {
  test('gives items in the order in which they were put', async () => {
    const queue = new Queue()
    for (let number = 0; number < 100; number++) await put(queue, { number })
    expect([queue.size, queue.maxSize]).toEqual([100, Number.POSITIVE_INFINITY])
    for (let number = 0; number < 100; number++) expect(await get(queue)).toEqual({ number })
    expect(queue.size).toBe(0)
  })

  test('gives the highest priority first, and equal ones in order', async () => {
    const queue = new Queue()
    const priorities = [0, 5, -1, 5, 0.5, Number.POSITIVE_INFINITY, -1, Number.NEGATIVE_INFINITY, 0, 1e300]
    for (const [index, priority] of priorities.entries()) await put(queue, [priority, index], { priority })
    const expected = priorities
      .map((priority, index) => [priority, index])
      .sort(([a], [b]) => (a === b ? 0 : b > a ? 1 : -1))
    for (const item of expected) expect(await get(queue)).toEqual(item)
  })

  test('throws when there is no item in time', async () => {
    const queue = new Queue()
    for (const timeout of [0, 5]) {
      const error = await (async () => get(queue, timeout))().catch(error => error)
      expect(error).toBeInstanceOf(QueueEmptyError)
      expect(error.code).toBe('ERR_QUEUE_EMPTY')
    }
    expect(waitersOf(queue)).toBe(0)
  })

  test('throws when there is no space in time, and has put nothing', async () => {
    const queue = new Queue(2)
    await put(queue, 1)
    await put(queue, 2, { timeout: 0 })
    for (const timeout of [0, 5]) {
      const error = await (async () => put(queue, 3, { timeout }))().catch(error => error)
      expect(error).toBeInstanceOf(QueueFullError)
      expect(error).toMatchObject({ code: 'ERR_QUEUE_FULL', message: expect.stringContaining('maxSize 2') })
    }
    expect([await get(queue), await get(queue), queue.size]).toEqual([1, 2, 0])
  })

  test('waits for an item of another thread, and for space', async () => {
    const queue = new Queue({ maxSize: 1 })
    const executor = createExecutor()
    const putting = executor.submit(tasks, 'callWhenWaiting', [queue.shared, 1, 'put', 'item'])
    expect(await get(queue, limit)).toBe('item')
    putting.result(limit)
    await put(queue, 'first')
    const getting = executor.submit(tasks, 'callWhenWaiting', [queue.shared, 1, 'get'])
    await put(queue, 'second', { timeout: limit })
    expect(getting.result(limit)).toBe('first')
    expect(await get(queue, limit)).toBe('second')
  })

  test('waits for memory, too', async () => {
    const queue = new Queue({ bytes: 128 * 10 })
    const half = new Uint8Array(600).fill(7)
    await put(queue, half)
    await expect((async () => put(queue, half, { timeout: 5 }))()).rejects.toThrow(QueueFullError)
    expect(queue.tryPut('small')).toBe(true)
    const getting = createExecutor().submit(tasks, 'callWhenWaiting', [queue.shared, 1, 'get'])
    await put(queue, half, { timeout: limit })
    expect(getting.result(limit)).toEqual(half)
    expect([await get(queue), await get(queue)]).toEqual(['small', half])
  })

  test('refuses what would never fit, or cannot be copied, and has put nothing', async () => {
    const queue = new Queue({ bytes: 1000, maxSize: 1 })
    const tooLarge = await (async () => put(queue, 'x'.repeat(1000)))().catch(error => error)
    expect(tooLarge).toBeInstanceOf(ItemTooLargeError)
    expect(tooLarge.message).toBe('an item takes 1152 bytes, of 1024 that the queue has')
    for (const [item, where] of [
      [{ list: [1, () => {}] }, 'item.list[1] is a function'],
      [Symbol('s'), 'item is a symbol'],
      [new SharedArrayBuffer(4), 'SharedArrayBuffer'],
      [{ lock: new Lock() }, 'a SharedArrayBuffer could not be cloned, which'],
      [new MessageChannel().port1, 'item is a MessagePort'],
    ]) {
      const error = await (async () => put(queue, item))().catch(error => error)
      expect(error).toBeInstanceOf(NotCloneableError)
      expect(error.message).toContain(where)
    }
    const fails = {
      get value() {
        throw new RangeError('told to')
      },
    }
    await expect((async () => put(queue, fails))()).rejects.toThrow('told to')
    expect(queue.size).toBe(0)
    await put(queue, 'x'.repeat(800), { timeout: 0 })
  })
})

test('items arrive as structuredClone would give them', () => {
  const queue = new Queue({ bytes: 2 ** 22 })
  const roundTrip = item => {
    queue.put(item, { timeout: limit })
    return queue.get(limit)
  }
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: true,
    maxDepth: 4,
  })
  fc.assert(
    fc.property(anything, item => {
      expect(roundTrip(item)).toStrictEqual(structuredClone(item))
    }),
    { numRuns: 2_000, seed: 5 },
  )
  const error = roundTrip(new RangeError('x', { cause: new Date(5) }))
  expect(error).toBeInstanceOf(RangeError)
  expect(error.cause).toEqual(new Date(5))
  const cyclic = { list: [] }
  cyclic.list.push(cyclic)
  const copy = roundTrip(cyclic)
  expect(copy.list[0]).toBe(copy)
  const large = new Uint8Array(3_000_000).map((_, index) => index % 251)
  expect(roundTrip(large)).toEqual(large)
})

/** Of Node's own classes, and of the engine's, each in an item of one kind. */
const others = {
  Blob: { in: new Blob(['abc']) },
  KeyObject: [createSecretKey(Buffer.from('aaaa'))],
  BlockList: new Map([['list', new BlockList()]]),
  URL: { in: { of: new URL('http://x/') } },
  URLSearchParams: new Set([new URLSearchParams('a=1')]),
  Headers: new Headers({ a: '1' }),
  Response: new Error('with a cause', { cause: new Response('x') }),
  DOMException: { in: new DOMException('m', 'AbortError') },
  'WebAssembly.Module': [new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))],
  'an object of a class, with a URL': new (class Page {
    url = new URL('http://x/')
  })(),
  'a getter of a Blob': {
    get blob() {
      return new Blob([])
    },
  },
}

/** Structured clone carries it as plain data, or not at all. */
function clonedAsData(item) {
  try {
    const clone = structuredClone(item)
    return isDeepStrictEqual(deserialize(serialize(clone)), clone) ? { clone } : undefined
  } catch {
    return undefined
  }
}

test.each(Object.keys(others))('nothing is silently changed: %s is refused, or as its clone', name => {
  const queue = new Queue()
  const expected = clonedAsData(others[name])
  if (expected === undefined) {
    expect(() => queue.put(others[name])).toThrow(NotCloneableError)
    expect(queue.size).toBe(0)
  } else {
    queue.put(others[name])
    expect(queue.get(limit)).toStrictEqual(expected.clone)
  }
})

test('what is refused is named with its place', () => {
  const queue = new Queue()
  const refused = [
    [{ list: [1, new Blob([])] }, 'item.list[1] is a Blob, which'],
    [new Map([['key', createSecretKey(Buffer.from('aaaa'))]]), 'item.get("key") is a SecretKeyObject, which'],
    [[{ module: others['WebAssembly.Module'][0] }], 'item[0].module is a Module, which'],
  ]
  for (const [item, message] of refused)
    expect(thrownBy(() => queue.put(item))).toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining(message),
    })
  expect(queue.size).toBe(0)
})

test('a port that is closed is refused, too', async () => {
  const { port1 } = new MessageChannel()
  const closed = new Promise(resolve => port1.once('close', resolve))
  port1.close()
  await closed
  const queue = new Queue()
  class Job {
    port = port1
  }
  for (const item of [port1, { port1 }, new Job()]) expect(() => queue.put(item)).toThrow(/is a MessagePort/)
})

test('the getters of an item run once', () => {
  const queue = new Queue()
  let reads = 0
  const item = {
    get value() {
      return ++reads
    },
  }
  queue.put(item)
  expect(queue.get(limit)).toEqual({ value: 1 })
  expect(reads).toBe(1)
})

test('behaves as a sorted list that has so many places', () => {
  const step = fc.oneof(
    fc.record({ put: fc.integer({ min: 0, max: 700 }), priority: fc.integer({ min: -2, max: 2 }) }),
    fc.constant('get'),
  )
  const blocksFor = length => 1 + Math.max(0, Math.ceil((length - 104) / 124))
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 1, max: 12 }), (steps, maxSize) => {
      const queue = new Queue({ maxSize, bytes: 128 * 20 })
      const model = []
      let number = 0
      for (const one of steps) {
        if (one === 'get') {
          expect(queue.tryGet()).toEqual(model.shift()?.item)
          continue
        }
        const item = `${number++} ${'x'.repeat(one.put)}`
        const blocks = blocksFor(4 + Buffer.byteLength(item) + (item.length > 127 ? 1 : 0))
        const used = model.reduce((sum, other) => sum + other.blocks, 0)
        const fits = model.length < maxSize && used + blocks <= 20
        expect(queue.tryPut(item, { priority: one.priority })).toBe(fits)
        if (!fits) continue
        const behind = model.findIndex(other => other.priority < one.priority)
        model.splice(behind === -1 ? model.length : behind, 0, { item, blocks, priority: one.priority })
      }
      expect(queue.size).toBe(model.length)
      for (const { item } of model) expect(queue.get(0)).toBe(item)
      // All of the memory can be had again.
      queue.put('y'.repeat(20 * 124 - 40), { timeout: 0 })
    }),
    { numRuns: 500, seed: 7 },
  )
})

describe('tryPut and tryGet', () => {
  test('do not wait', () => {
    const queue = new Queue(1)
    expect(queue.tryGet()).toBeUndefined()
    expect(queue.tryPut(undefined)).toBe(true)
    expect(queue.tryPut(2)).toBe(false)
    expect(queue.size).toBe(1)
    expect(queue.get(0)).toBeUndefined()
    expect(() => queue.get(0)).toThrow(QueueEmptyError)
  })

  test('do not slip in before those who wait', async () => {
    const queue = new Queue(1)
    const getting = queue.getAsync({ timeout: limit })
    queue.put('for the first')
    expect(queue.tryGet()).toBeUndefined()
    expect(await getting).toBe('for the first')

    queue.put(1)
    const putting = queue.putAsync(2, { timeout: limit })
    queue.get(0)
    expect(queue.tryPut(3)).toBe(false)
    await putting
    expect(queue.get(0)).toBe(2)
  })
})

describe('those who wait', () => {
  test('get items in the order in which they came', async () => {
    const queue = new Queue()
    const executor = createExecutor(20)
    const futures = []
    for (let number = 0; number < 20; number++) {
      futures.push(executor.submit(tasks, 'call', [queue.shared, 'getAsync', { timeout: limit }]))
      awaitWaiters(queue, number + 1)
    }
    for (let number = 0; number < 20; number++) queue.put(number)
    expect(await Promise.all(futures.map(future => future.promise()))).toEqual(
      Array.from({ length: 20 }, (_, index) => index),
    )
  })

  test('put in the order in which they came, small items not before large ones', async () => {
    const queue = new Queue({ bytes: 128 * 10 })
    queue.put('x'.repeat(900))
    const order = []
    const large = queue.putAsync('y'.repeat(900), { timeout: limit }).then(() => order.push('large'))
    const small = queue.putAsync('z', { timeout: limit }).then(() => order.push('small'))
    queue.get(0)
    await Promise.all([large, small])
    expect(order).toEqual(['large', 'small'])
    expect([queue.get(0)[0], queue.get(0)]).toEqual(['y', 'z'])
  })

  test('may be ended by a signal, and put or take nothing then', async () => {
    const queue = new Queue(1)
    const { signal } = new AbortController()
    const controller = new AbortController()
    const getting = queue.getAsync({ signal: controller.signal })
    controller.abort()
    await expect(getting).rejects.toThrow(CancelledError)
    queue.put(1, { timeout: 0 })
    const second = new AbortController()
    const putting = queue.putAsync(2, { signal: second.signal })
    const others = queue.putAsync(3, { signal, timeout: limit })
    second.abort()
    await expect(putting).rejects.toThrow(CancelledError)
    expect(queue.get(0)).toBe(1)
    await others
    expect(queue.get(0)).toBe(3)
  })

  test('must have a signal that is one, or none: no item goes to those who have been refused', async () => {
    const queue = new Queue(1)
    const signal = { aborted: false, reason: undefined }
    await expect(queue.getAsync({ signal })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    queue.put(1)
    await expect(queue.putAsync(2, { signal })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    expect(await queue.getAsync({ timeout: limit })).toBe(1)
    expect(queue.size).toBe(0)
  })
})

test('items of two producers come to two consumers, each once and in order', async () => {
  const queue = new Queue({ maxSize: 3 })
  const threads = Array.from({ length: 4 }, () => createExecutor(1))
  const items = name => Array.from({ length: 200 }, (_, number) => [name, number])
  const consuming = [2, 3].map(index =>
    threads[index].submit(tasks, 'getAll', [queue.shared, 200, index === 2]),
  )
  const producing = ['a', 'b'].map((name, index) =>
    threads[index].submit(tasks, 'putAll', [queue.shared, items(name), index === 0]),
  )
  for (const future of producing) future.result(20_000)
  const taken = consuming.map(future => future.result(20_000))
  for (const list of taken)
    for (const name of ['a', 'b']) {
      const numbers = list.filter(([of]) => of === name).map(([, number]) => number)
      expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    }
  expect(taken.flat().map(String).sort()).toEqual([...items('a'), ...items('b')].map(String).sort())
})

test('tells bad arguments', async () => {
  const invalid = { code: 'ERR_INVALID_ARG_TYPE' }
  const outOfRange = { code: 'ERR_OUT_OF_RANGE' }
  expect(thrownBy(() => new Queue('1'))).toMatchObject(invalid)
  expect(thrownBy(() => new Queue(0))).toMatchObject(outOfRange)
  expect(thrownBy(() => new Queue({ size: 1 }))).toMatchObject(invalid)
  expect(thrownBy(() => new Queue({ bytes: 2 ** 31 }))).toMatchObject(outOfRange)
  const queue = new Queue()
  expect(thrownBy(() => queue.put(1, { priority: Number.NaN }))).toMatchObject(outOfRange)
  expect(thrownBy(() => queue.put(1, { priority: '1' }))).toMatchObject(invalid)
  expect(thrownBy(() => queue.put(1, { signal: AbortSignal.abort() }))).toMatchObject(invalid)
  await expect(queue.putAsync(1, { timeout: -1 })).rejects.toMatchObject(outOfRange)
  expect(queue.size).toBe(0)
})
