import { AsyncPoolExecutor } from 'async-pool-executor'
import { describe, expect, test } from 'vitest'
import { runScript, systems } from './child.mjs'
import { awaitSignal, createExecutor, thrownBy } from './helpers.mjs'
import { fixture } from './paths.mjs'

const streams = fixture('streams.mjs')

describe('stream', () => {
  test.each([
    ['an async generator', 'count', [300]],
    ['a generator', 'countSync', [300]],
    ['an async function that returns an iterable', 'listOf', [Array.from({ length: 300 }, (_, i) => i)]],
  ])('gives the items of %s', (_, fn, args) => {
    const executor = createExecutor()
    const expected = Array.from({ length: 300 }, (_, i) => i)
    for (const lookAhead of [1, 2, 7, 64, 1000])
      expect([...executor.stream(streams, fn, args, { lookAhead })]).toEqual(expected)
    expect([...executor.stream(streams, 'count', [0])]).toEqual([])
  })

  test('is lazy: nothing runs before the first item is asked for', () => {
    const executor = createExecutor()
    const stream = executor.stream(streams, 'count', [3])
    expect(executor.stats()).toMatchObject({ queued: 0, running: 0 })
    expect(stream.next()).toEqual({ value: 0, done: false })
  })

  test('runs no further ahead than lookAhead', () => {
    const executor = createExecutor({ size: 2 })
    const words = new Int32Array(new SharedArrayBuffer(4))
    const stream = executor.stream(streams, 'counted', [words, 1000], { lookAhead: 10 })
    stream.next()
    awaitSignal(words, 0, 10)
    for (let i = 0; i < 50; i++) executor.run(streams, 'number') // time for it to go on, if it did
    expect(words[0]).toBe(10)
    for (let i = 0; i < 9; i++) stream.next()
    awaitSignal(words, 0, 19)
    expect(words[0]).toBeLessThanOrEqual(20)
    expect([...stream].at(-1)).toBe(999)
  })

  test('keeps items apart that are the same object', () => {
    const items = [...createExecutor().stream(streams, 'sameObject', [5])]
    expect(items.map(({ n }) => n)).toEqual([0, 1, 2, 3, 4])
  })

  test('moves what an item is transferred with', () => {
    const items = [...createExecutor().stream(streams, 'buffers', [5, 100_000])]
    expect(items.map(buffer => [buffer.byteLength, new Uint8Array(buffer)[99_999]])).toEqual(
      [0, 1, 2, 3, 4].map(i => [100_000, i]),
    )
  })

  test('throws the error of the generator at its position, and of an item that cannot be cloned', () => {
    const executor = createExecutor()
    const read = []
    const error = thrownBy(() => {
      for (const item of executor.stream(streams, 'failAt', [3])) read.push(item)
    })
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ message: 'no item 3', code: 'E_ITEM' })
    expect(error.stack).toContain('--- submitted by ---')
    expect(read).toEqual([0, 1, 2])
    const stream = executor.stream(streams, 'badItem')
    expect(stream.next().value).toBe('good')
    expect(thrownBy(() => stream.next())).toMatchObject({
      code: 'ERR_NOT_CLONEABLE',
      message: expect.stringContaining('result.list[1] is a function'),
    })
    expect(stream.next()).toEqual({ value: undefined, done: true })
  })

  test.each([
    [
      'a promise that rejects, of a sync generator',
      () => Promise.reject(new RangeError('no item')),
      'no item',
    ],
    ['an item that cannot be cloned', () => () => {}, 'result is a function'],
  ])('closes a generator after %s, and throws no error of its `finally` instead', (_what, make, message) => {
    const executor = createExecutor()
    const closed = new Int32Array(new SharedArrayBuffer(4))
    const stream = executor.stream(
      function* (closed, make) {
        try {
          yield 1
          yield new Function(`return ${make}`)()()
        } finally {
          Atomics.add(closed, 0, 1)
          // biome-ignore lint/correctness/noUnsafeFinally: as a finally block may
          throw new Error('of finally')
        }
      },
      [closed, String(make)],
    )
    expect(stream.next().value).toBe(1)
    expect(thrownBy(() => stream.next()).message).toContain(message)
    expect(closed[0]).toBe(1)
  })

  test('refuses what `for` refuses of an iterator, instead of never ending', () => {
    const executor = createExecutor()
    for (const symbol of ['iterator', 'asyncIterator']) {
      const stream = executor.stream(symbol => ({ [Symbol[symbol]]: () => ({ next: () => 5 }) }), [symbol])
      const error = thrownBy(() => stream.next())
      expect(error).toBeInstanceOf(TypeError)
      expect(error.message).toBe('Iterator result 5 is not an object')
    }
  })

  test('refuses a function that returns nothing to iterate', () => {
    const executor = createExecutor()
    expect(thrownBy(() => [...executor.stream(streams, 'number')])).toMatchObject({
      code: 'ERR_INVALID_RETURN_VALUE',
    })
    expect(thrownBy(() => executor.run(streams, 'count', [1])).message).toContain('stream()')
  })

  test.each([
    [
      'break',
      stream => {
        for (const _ of stream) break
      },
    ],
    [
      'an error in the loop',
      stream => {
        expect(() => {
          for (const _ of stream) throw new Error('mine')
        }).toThrow('mine')
      },
    ],
    [
      'return()',
      stream => {
        stream.next()
        stream.return()
      },
    ],
    [
      'destructuring',
      stream => {
        const [first, second] = stream
        expect([first, second]).toEqual([{ i: 0 }, { i: 1 }])
      },
    ],
  ])('runs finally blocks on %s before the loop is left, and gives its slot back', (name, leave) => {
    const executor = createExecutor({ size: 1 })
    leave(executor.stream(streams, 'withFinally', [name]))
    expect(executor.run(streams, 'whatEnded')).toEqual([name])
    expect(executor.stats()).toMatchObject({ running: 0, failed: 0 })
  })

  test('an error in a finally block reaches the loop that is left', () => {
    const executor = createExecutor()
    expect(
      thrownBy(() => {
        for (const _ of executor.stream(streams, 'failInFinally', [], { lookAhead: 1 })) break
      }),
    ).toMatchObject({ code: 'E_ITEM' })
  })

  test('an error that the loop did not come to is reported, not thrown', async () => {
    const { lines, stderr, code } = await runScript(
      'require',
      `const executor = new AsyncPoolExecutor()
       for (const item of executor.stream(${JSON.stringify(streams)}, 'failAt', [3])) {
         while (executor.stats().failed === 0);
         say(item)
         break
       }`,
    )
    expect({ lines, code }).toEqual({ lines: ['0'], code: 0 })
    expect(stderr.match(/no item 3/g)).toHaveLength(1)
  })

  test('aborts the signal of a generator that is in the midst of an item when it is left', () => {
    const executor = createExecutor({ size: 1 })
    for (const _ of executor.stream(streams, 'stuck', ['stuck'])) break
    expect(executor.run(streams, 'whatEnded')).toEqual(['stuck'])
  })

  test.each(systems)('awaits finally blocks however long they take (%s)', async system => {
    const { lines, stderr, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor()
       const generator = async function* () {
         try {
           for (;;) yield 1
         } finally {
           await new Promise(resolve => setTimeout(resolve, 1500))
           require('node:fs').writeSync(1, 'finished\\n')
         }
       }
       ;(async () => {
         for (const item of executor.stream(generator, [], { lookAhead: 1 })) break
         say('left')
         for await (const item of executor.streamAsync(generator)) break
         say('left')
       })()`,
    )
    expect({ lines, stderr, code }).toEqual({
      lines: ['finished', 'left', 'finished', 'left'],
      stderr: '',
      code: 0,
    })
  })

  test('leaving one that never reacts does not hang, and it keeps its slot', () => {
    const executor = new AsyncPoolExecutor({ size: 2, onError: 'ignore' })
    for (const _ of executor.stream(streams, 'deaf')) break
    expect(executor.stats()).toMatchObject({ running: 1, cancelled: 1 })
    expect(executor.run(streams, 'number')).toBe(5)
    executor.shutdown({ timeout: 1 })
  })

  test('gives what came before its worker died, and then says so', () => {
    const executor = createExecutor()
    const read = []
    const error = thrownBy(() => {
      for (const item of executor.stream(streams, 'dieAt', [3])) read.push(item)
    })
    expect(read).toEqual([0, 1, 2])
    expect(error).toMatchObject({ code: 'ERR_WORKER_DIED', exitCode: 7 })
    expect([...executor.stream(streams, 'count', [3])]).toEqual([0, 1, 2])
  })

  test('obeys timeout and cancel through a signal', async () => {
    const executor = createExecutor()
    expect(thrownBy(() => [...executor.stream(streams, 'slow', [1000, 5], { timeout: 60 })])).toMatchObject({
      code: 'ERR_TIMEOUT',
    })
    const controller = new AbortController()
    const { signal } = controller
    await expect(
      (async () => {
        for await (const item of executor.streamAsync(streams, 'slow', [1000, 1], { signal }))
          if (item === 3) controller.abort()
      })(),
    ).rejects.toMatchObject({ code: 'ERR_CANCELLED' })
  })

  test('calls onProgress before the items that came later', () => {
    const seen = []
    const onProgress = value => seen.push(value)
    for (const item of createExecutor().stream(streams, 'progressing', [3], { onProgress, lookAhead: 1 }))
      seen.push(item)
    expect(seen).toEqual(['before 0', 0, 'before 1', 1, 'before 2', 2])
  })

  test('refuses a wait that could only be ended by reading on', () => {
    const executor = createExecutor({ size: 2 })
    const [one, other] = [1, 2].map(() => executor.stream(streams, 'count', [1000]))
    one.next()
    other.next()
    const deadlock = { code: 'ERR_DEADLOCK', message: expect.stringContaining('2 streams') }
    expect(thrownBy(() => executor.run(streams, 'number'))).toMatchObject(deadlock)
    other.return()
    expect(executor.run(streams, 'number')).toBe(5)
    expect(thrownBy(() => executor.join())).toMatchObject({ code: 'ERR_DEADLOCK' })
    expect([...one]).toHaveLength(999)
    expect(executor.join()).toBe(true)
  })

  test('a shutdown ends open streams, which say so after what they had', () => {
    const executor = new AsyncPoolExecutor()
    const stream = executor.stream(streams, 'withFinally', ['shut', 1000])
    stream.next()
    expect(executor.shutdown()).toMatchObject({ failed: 0, abandoned: 0 })
    expect(thrownBy(() => [...stream])).toMatchObject({ code: 'ERR_EXECUTOR_CLOSED' })
  })

  test('refuses bad options at the call', () => {
    const executor = createExecutor()
    for (const [options, code] of [
      [{ lookAhead: 0 }, 'ERR_OUT_OF_RANGE'],
      [{ lookAhead: 'many' }, 'ERR_INVALID_ARG_TYPE'],
      [{ idempotent: true }, 'ERR_INVALID_ARG_TYPE'],
      [null, 'ERR_INVALID_ARG_TYPE'],
    ]) {
      expect(thrownBy(() => executor.stream(streams, 'count', [1], options))).toMatchObject({ code })
      expect(thrownBy(() => executor.streamAsync(streams, 'count', [1], options))).toMatchObject({ code })
    }
    expect(thrownBy(() => executor.stream(streams, ''))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })

  test.each(systems)('keeps memory flat over a million items (%s)', async system => {
    const { lines } = await runScript(
      system,
      `const streams = ${JSON.stringify(streams)}
       const executor = new AsyncPoolExecutor()
       const read = n => { let sum = 0; for (const item of executor.stream(streams, 'count', [n])) sum += item; return sum }
       read(100_000)
       const before = process.memoryUsage().rss
       const sum = read(1_000_000)
       say(sum + ' ' + ((process.memoryUsage().rss - before) < 64e6))`,
      { deadline: 60_000 },
    )
    expect(lines).toEqual(['499999500000 true'])
  })

  test.each(systems)('one that is open does not keep the process from ending (%s)', async system => {
    const { lines, code, stderr } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor()
       const stream = executor.stream(${JSON.stringify(streams)}, 'count', [1e9])
       say(stream.next().value)
       process.exitCode = 4`,
    )
    expect({ lines, code, stderr }).toEqual({ lines: ['0'], code: 4, stderr: '' })
  })
})

describe('streamAsync', () => {
  test('gives the items, and their error, without blocking', async () => {
    const executor = createExecutor()
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const read = []
    for await (const item of executor.streamAsync(streams, 'slow', [10, 3])) read.push(item)
    clearInterval(timer)
    expect(read).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    expect(turns).toBeGreaterThan(0)
    await expect(
      (async () => {
        for await (const item of executor.streamAsync(streams, 'failAt', [3])) read.push(item)
      })(),
    ).rejects.toMatchObject({ name: 'RangeError', code: 'E_ITEM' })
    expect(read.slice(10)).toEqual([0, 1, 2])
  })

  test('runs finally blocks when the loop is left', async () => {
    const executor = createExecutor({ size: 1 })
    for await (const _ of executor.streamAsync(streams, 'withFinally', ['async'])) break
    expect(await executor.runAsync(streams, 'whatEnded')).toEqual(['async'])
  })

  test('may be read beside blocking calls', async () => {
    const executor = createExecutor()
    const read = []
    for await (const item of executor.streamAsync(streams, 'count', [200], { lookAhead: 4 })) {
      read.push(item)
      expect(executor.run(streams, 'number')).toBe(5)
    }
    expect(read).toHaveLength(200)
  })

  test.each(systems)('keeps the process alive while it is read (%s)', async system => {
    const { lines } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor()
       ;(async () => {
         let items = 0
         for await (const item of executor.streamAsync(${JSON.stringify(streams)}, 'slow', [20, 5])) items++
         say(items)
       })()`,
    )
    expect(lines).toEqual(['20'])
  })
})
