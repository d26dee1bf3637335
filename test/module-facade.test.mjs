import { inspect } from 'node:util'
import { AsyncPoolExecutor, Future, TaskNotFoundError, TimeoutError } from 'async-pool-executor'
import { afterAll, describe, expect, test } from 'vitest'
import { createExecutor, thrownBy } from './helpers.mjs'
import { fixture, fixtures } from './paths.mjs'

const executor = new AsyncPoolExecutor({ size: 4, base: fixtures })
afterAll(() => executor.shutdown())
const library = executor.module('./library.mjs')

describe('the facade of a module', () => {
  test('runs and submits its functions by name', () => {
    expect(library.run.add(1, 2)).toBe(3)
    expect(library.run.add(1)).toBe(1)
    expect(library.run.multiply(3, 4)).toBe(12)
    expect(library.run.inDefault('x')).toBe('default x')
    const future = library.submit.add(2, 3)
    expect(future).toBeInstanceOf(Future)
    expect(future.result()).toBe(5)
    expect(library.trySubmit.add(3, 4).result()).toBe(7)
  })

  test('runs and submits for an event loop', async () => {
    await expect(library.runAsync.add(1, 2)).resolves.toBe(3)
    await expect(library.runAsync.fail('no')).rejects.toThrow(RangeError)
    const future = await library.submitAsync.add(2, 3)
    expect(future.result()).toBe(5)
  })

  test('maps them over items', async () => {
    expect([...library.map.add([1, 2, 3])]).toEqual([1, 2, 3])
    expect([...library.map.add(new Set([1, 2]), { lookAhead: 1 })]).toEqual([1, 2])
    const later = []
    for await (const value of library.mapAsync.add([1, 2, 3])) later.push(value)
    expect(later).toEqual([1, 2, 3])
  })

  test('streams its generators', async () => {
    expect([...library.stream.numbers(4)]).toEqual([0, 1, 2, 3])
    expect([...library.stream.letters('abc')]).toEqual(['a', 'b', 'c'])
    const later = []
    for await (const number of library.streamAsync.numbers(3)) later.push(number)
    expect(later).toEqual([0, 1, 2])
  })

  test('gives errors as the executor does', () => {
    expect(thrownBy(() => library.run.fail('as told'))).toMatchObject({
      name: 'RangeError',
      message: 'as told',
    })
    expect(thrownBy(() => library.run.nothing())).toBeInstanceOf(TaskNotFoundError)
    expect(thrownBy(() => library.run.version())).toBeInstanceOf(TaskNotFoundError)
    expect(thrownBy(() => library.run.add(() => {})).code).toBe('ERR_NOT_CLONEABLE')
    expect(thrownBy(() => library.map.add(5)).code).toBe('ERR_INVALID_ARG_TYPE')
    for (const options of [null, 5, 'text', [], { nothing: 1 }])
      expect(thrownBy(() => library.map.add([1], options)).code).toBe('ERR_INVALID_ARG_TYPE')
  })

  test('passes on the options that it was made with', async () => {
    const own = createExecutor({ size: 6, base: fixtures })
    const hasty = own.module('./library.mjs', { timeout: 1 })
    expect(thrownBy(() => hasty.run.never())).toBeInstanceOf(TimeoutError)
    expect(hasty.submit.never().error()).toBeInstanceOf(TimeoutError)
    expect(hasty.trySubmit.never().error()).toBeInstanceOf(TimeoutError)
    await expect(hasty.runAsync.never()).rejects.toBeInstanceOf(TimeoutError)
    expect(thrownBy(() => [...hasty.map.never([1])])).toBeInstanceOf(TimeoutError)
    expect(thrownBy(() => [...hasty.map.never([1], { lookAhead: 1 })])).toBeInstanceOf(TimeoutError)
  })

  test('applies to streams what a stream can be', async () => {
    const own = createExecutor(2)
    const facade = own.module(fixture('streams.mjs'), { idempotent: true, offload: true, priority: 1 })
    expect([...facade.stream.count(3)]).toEqual([0, 1, 2])
    const items = []
    for await (const item of facade.streamAsync.count(3)) items.push(item)
    expect(items).toEqual([0, 1, 2])
    const hasty = own.module(fixture('streams.mjs'), { idempotent: true, timeout: 1 })
    expect(thrownBy(() => [...hasty.stream.slow(5, 1_000)])).toBeInstanceOf(TimeoutError)
  })

  test.each([
    ['no module path', [5], 'ERR_INVALID_ARG_TYPE'],
    ['nothing', [], 'ERR_INVALID_ARG_TYPE'],
    ['a URL that is no file', ['https://example.com/tasks.js'], 'ERR_INVALID_ARG_TYPE'],
    ['a function', [() => {}], 'ERR_INVALID_ARG_TYPE'],
    ['options that do not exist', ['./library.mjs', { nothing: 1 }], 'ERR_INVALID_ARG_TYPE'],
    ['options out of range', ['./library.mjs', { timeout: -1 }], 'ERR_OUT_OF_RANGE'],
  ])('is not made of %s', (_what, given, code) => {
    expect(thrownBy(() => executor.module(...given)).code).toBe(code)
  })

  test('takes a URL, also one that changes later', () => {
    const url = new URL('library.mjs', fixtures)
    const facade = executor.module(url)
    url.pathname = '/elsewhere.mjs'
    expect(facade.run.add(1, 1)).toBe(2)
  })

  test('loads nothing by itself', () => {
    const facade = executor.module('./not-there.mjs')
    expect(thrownBy(() => facade.run.anything()).code).toBe('ERR_MODULE_NOT_FOUND')
  })
})

describe('what JavaScript asks of any object', () => {
  const verbs = Object.keys(library)

  test('a facade has a property for each verb and no more', async () => {
    expect(verbs.sort()).toEqual(
      [
        ...['map', 'mapAsync', 'run', 'runAsync', 'stream', 'streamAsync', 'submit', 'submitAsync'],
        'trySubmit',
      ].sort(),
    )
    expect(library.then).toBeUndefined()
    expect(await library).toBe(library)
    expect(Object.isFrozen(library)).toBe(true)
  })

  test.each(verbs)('%s submits nothing when it is awaited, printed, converted or compared', async verb => {
    const before = executor.stats()
    const functions = library[verb]
    expect(await functions).toBe(functions)
    expect(JSON.stringify(functions)).toBe('{}')
    expect(typeof inspect(functions)).toBe('string')
    expect(() => String(functions)).toThrow(TypeError)
    expect([Object.keys(functions), Symbol.iterator in functions, 'add' in functions]).toEqual([
      [],
      false,
      false,
    ])
    for (const name of [
      'then',
      'constructor',
      '__proto__',
      'toString',
      'valueOf',
      'hasOwnProperty',
      'toJSON',
    ])
      expect(functions[name]).toBeUndefined()
    expect(functions[Symbol.toPrimitive]).toBeUndefined()
    const { completed, failed, queued, running } = executor.stats()
    expect(completed + failed + queued + running).toBe(
      before.completed + before.failed + before.queued + before.running,
    )
  })

  test('a function is the same each time, and cannot be replaced', () => {
    expect(library.run.add).toBe(library.run.add)
    expect(library.run.add).not.toBe(library.submit.add)
    expect(library.run.add).not.toBe(library.run.multiply)
    expect(() => {
      library.run.add = () => {}
    }).toThrow(TypeError)
    const { add } = library.run
    expect(add(20, 22)).toBe(42)
  })
})
