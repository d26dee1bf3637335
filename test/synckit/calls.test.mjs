import { describe, expect, test } from 'vitest'
import { systems } from '../child.mjs'
import { run, worker } from './support.mjs'

const echo = 'async (...args) => args'

describe.each(systems)('a synchronous function made through %s', system => {
  test('returns what the function of a worker file resolves to', async () => {
    const files = { 'module.mjs': worker.import(echo), 'commonjs.cjs': worker.require(echo) }
    const { said, code, stderr } = await run(
      files,
      `for (const name of ['module.mjs', 'commonjs.cjs']) {
         const echo = createSyncFn(at(name))
         say(echo(1, 'two', { three: [3n.toString()] }))
         say(echo())
       }`,
      { system },
    )
    const answers = [[1, 'two', { three: ['3'] }], []]
    expect(said).toEqual([...answers, ...answers])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })
})

describe('createSyncFn', () => {
  test('takes plain functions, and functions that return any thenable', async () => {
    const files = {
      'plain.mjs': worker.import('(a, b) => a + b'),
      'thenable.mjs': worker.import('value => ({ then: resolve => resolve(value) })'),
    }
    const { said } = await run(
      files,
      `say(createSyncFn(at('plain.mjs'))(1, 2)); say(createSyncFn(at('thenable.mjs'))(4))`,
    )
    expect(said).toEqual([3, 4])
  })

  test('carries values as structuredClone does', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import('async value => value') },
      `const same = createSyncFn(at('w.mjs'))
       const map = new Map([[1, new Set([undefined, -0, NaN])]])
       const { deepStrictEqual } = (await import('node:assert')).default
       for (const value of [map, 10n ** 30n, new Date(5), /x/g, [1, , 2], null, undefined, new Uint8Array([1, 2])])
         deepStrictEqual(same(value), value)
       say('same')`,
    )
    expect(said).toEqual(['same'])
  })

  test('gives the same function for the same path, however it is written', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import(echo) },
      `const { pathToFileURL } = await import('node:url')
       const fn = createSyncFn(at('w.mjs'), { timeout: 9000 })
       say(createSyncFn(at('w.mjs'), { timeout: 9000 }) === fn)
       say(createSyncFn(at('w.mjs'), 9000) === fn)
       say(createSyncFn(at('w.mjs')) === fn)
       say(createSyncFn(pathToFileURL(at('w.mjs'))) === fn)
       say(createSyncFn(pathToFileURL(at('w.mjs')).href) === fn)
       say(createSyncFn(at('w.mjs'), 8000) === fn)
       say(synckit.startWorkerThread(at('w.mjs')) === synckit.startWorkerThread(at('w.mjs')))`,
    )
    expect(said).toEqual([true, true, true, true, true, false, false])
  })

  test('keeps the state of a worker for all functions that only differ in how they are called', async () => {
    const counting = `import { runAsWorker } from 'async-pool-executor/synckit'\nlet count = 0\nrunAsWorker(async () => ++count)`
    const { said } = await run(
      { 'w.mjs': counting },
      `const one = createSyncFn(at('w.mjs'))
       const limited = createSyncFn(at('w.mjs'), 9000)
       const flagged = createSyncFn(at('w.mjs'), { execArgv: ['--no-warnings'] })
       say([one(), limited(), one(), flagged(), synckit.startWorkerThread(at('w.mjs'))()])`,
    )
    expect(said).toEqual([[1, 2, 3, 1, 1]])
  })

  test('starts the worker with the first call', async () => {
    const { said } = await run(
      { 'w.mjs': `console.log('loaded')\n${worker.import(echo)}` },
      `let threads = 0
       process.on('worker', () => threads++)
       const turn = () => new Promise(resolve => setImmediate(resolve))
       const fn = createSyncFn(at('w.mjs'))
       await turn(); say(threads); fn(); fn(); await turn(); say(threads)`,
    )
    expect(said).toEqual([0, 'loaded', 1])
  })

  test('does not keep the process alive', async () => {
    const { code, said } = await run({ 'w.mjs': worker.import(echo) }, `say(createSyncFn(at('w.mjs'))(1))`)
    expect({ code, said }).toEqual({ code: 0, said: [[1]] })
  })

  test('works in exit handlers, and keeps the exit code', async () => {
    const { code, said } = await run(
      { 'w.mjs': worker.import(echo) },
      `process.on('exit', () => say(createSyncFn(at('w.mjs'))('bye')))\nprocess.exit(3)`,
    )
    expect({ code, said }).toEqual({ code: 3, said: [['bye']] })
  })

  test('takes calls from getters of the arguments of another call', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import(echo) },
      `const echo = createSyncFn(at('w.mjs'), 5000)
       say(echo({ get inner() { return echo(1) } }))`,
    )
    expect(said).toEqual([[{ inner: [1] }]])
  })

  test('takes callbacks, which cannot wait for the function that waits for them', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import('async (fn, value) => typeof fn === "function" ? [await fn(value)] : fn') },
      `const { callback } = await import('async-pool-executor')
       const fn = createSyncFn(at('w.mjs'), 5000)
       say(fn(callback(value => value + 1), 1))
       say(thrown(() => fn(callback(value => fn(value)), 2)).code); say(fn(3))`,
    )
    expect(said).toEqual([[2], 'ERR_DEADLOCK', 3])
  })

  test('lets a worker call another worker, and itself', async () => {
    const { said } = await run(
      {
        'outer.mjs': `import { createSyncFn, runAsWorker } from 'async-pool-executor/synckit'
          const inner = createSyncFn(new URL('inner.mjs', import.meta.url))
          const self = createSyncFn(import.meta.url)
          runAsWorker(async n => n === 0 ? [inner('end')] : [n, ...self(n - 1)])`,
        'inner.mjs': worker.import('async text => text.toUpperCase()'),
      },
      `say(createSyncFn(at('outer.mjs'))(2))`,
    )
    expect(said).toEqual([[2, 1, 'END']])
  })

  test('moves what is in transferList with the first call', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import('async buffer => buffer.byteLength') },
      `const buffer = new ArrayBuffer(8)
       const length = createSyncFn(at('w.mjs'), { transferList: [buffer] })
       say([length(buffer), buffer.byteLength, length(new ArrayBuffer(4))])`,
    )
    expect(said).toEqual([[8, 0, 4]])
  })

  test('refuses bad arguments where they are given', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import(echo) },
      `const file = at('w.mjs')
       for (const make of [
         () => createSyncFn('./w.mjs'),
         () => createSyncFn(5),
         () => createSyncFn(new URL('https://example.com/w.mjs')),
         () => createSyncFn(file, 'soon'),
         () => createSyncFn(file, { timeout: -1 }),
         () => createSyncFn(file, { timeout: 'soon' }),
         () => createSyncFn(file, { execArgv: '--no-warnings' }),
         () => createSyncFn(file, { globalShims: [{}] }),
         () => createSyncFn(file, { transferList: {} }),
         () => synckit.runAsWorker('echo'),
         () => createSyncFn(file, { bufferSize: 1024, timeout: null }),
       ]) say(thrown(make))`,
    )
    const refused = (name, code, message) => ({ name, code, message: expect.stringContaining(message) })
    expect(said).toEqual([
      refused('TypeError', 'ERR_INVALID_ARG_VALUE', '`workerPath` must be absolute'),
      refused('TypeError', 'ERR_INVALID_ARG_TYPE', '"workerPath"'),
      refused('TypeError', 'ERR_INVALID_URL_SCHEME', 'must be of scheme file'),
      refused('TypeError', 'ERR_INVALID_ARG_TYPE', '"timeoutOrOptions"'),
      refused('RangeError', 'ERR_OUT_OF_RANGE', '"timeout"'),
      refused('TypeError', 'ERR_INVALID_ARG_TYPE', '"timeout"'),
      refused('TypeError', 'ERR_INVALID_ARG_TYPE', '"execArgv"'),
      refused('TypeError', 'ERR_INVALID_ARG_TYPE', '"globalShims"'),
      refused('TypeError', 'ERR_INVALID_ARG_TYPE', '"transferList"'),
      refused('TypeError', 'ERR_INVALID_ARG_TYPE', '"fn"'),
      'nothing was thrown',
    ])
  })

  test('takes the values that synckit takes from code without types', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import('value => value === "never" ? new Promise(() => {}) : value') },
      `const file = at('w.mjs')
       say(createSyncFn(file, { timeout: null, globalShims: null, tsRunner: null })(1))
       say(createSyncFn(file, { timeout: undefined, execArgv: undefined, globalShims: undefined })(2))
       const limited = createSyncFn(file, { timeout: '300' })
       say(limited(3))
       say(limited === createSyncFn(file, 300))
       say(thrown(() => limited('never')).code)`,
    )
    expect(said).toEqual([1, 2, 3, true, 'ERR_TIMEOUT'])
  })

  test('names a bad SYNCKIT_TIMEOUT', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import(echo) },
      `say(thrown(() => createSyncFn(at('w.mjs'))))`,
      { env: { ...process.env, SYNCKIT_TIMEOUT: 'soon' } },
    )
    expect(said).toEqual([
      { name: 'RangeError', code: 'ERR_OUT_OF_RANGE', message: expect.stringContaining('SYNCKIT_TIMEOUT') },
    ])
  })
})

describe('runAsWorker', () => {
  test('does nothing where its file is not run as a worker', async () => {
    const { said } = await run(
      { 'w.mjs': `${worker.import(echo)}\nexport const loaded = true` },
      `say((await import('./w.mjs')).loaded); say(createSyncFn(at('w.mjs'))(1))`,
    )
    expect(said).toEqual([true, [1]])
  })

  test('may be called later, and counts the first time', async () => {
    const { said } = await run(
      {
        'late.cjs': `import('async-pool-executor/synckit').then(({ runAsWorker }) =>
          setTimeout(() => { runAsWorker(() => 'first'); runAsWorker(() => 'second') }, 20))`,
      },
      `say(createSyncFn(at('late.cjs'))())`,
    )
    expect(said).toEqual(['first'])
  })

  test('gives the function the signal of its task', async () => {
    const { said } = await run(
      {
        'w.mjs': `import { currentTask } from 'async-pool-executor/task'
          ${worker.import('async () => currentTask().signal.aborted')}`,
      },
      `say(createSyncFn(at('w.mjs'))())`,
    )
    expect(said).toEqual([false])
  })
})

describe('what a worker prints', () => {
  test.each(systems)('stands between what its caller prints before and after the call (%s)', async system => {
    const { said } = await run(
      {
        'w.mjs': worker.import(`async name => {
          console.log(name, 1)
          await new Promise(resolve => setTimeout(resolve, 5))
          process.stdout.write(name + ' 2\\n')
        }`),
      },
      `const print = createSyncFn(at('w.mjs'))
       for (const name of ['a', 'b']) { console.log('before ' + name); print(name); console.log('after ' + name) }`,
      { system },
    )
    const around = name => [`before ${name}`, `${name} 1`, `${name} 2`, `after ${name}`]
    expect(said).toEqual([...around('a'), ...around('b')])
  })

  test('is there even if the process ends during the call', async () => {
    const { said } = await run(
      {
        'w.mjs': worker.import(
          `async () => { console.log('printed'); process.kill(process.pid, 'SIGKILL'); return new Promise(() => {}) }`,
        ),
      },
      `createSyncFn(at('w.mjs'))()`,
    )
    expect(said).toEqual(['printed'])
  })
})
