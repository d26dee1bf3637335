import { describe, expect, test } from 'vitest'
import { run, worker } from './support.mjs'

const timedOut = {
  name: 'TimeoutError',
  message: 'Internal error: Atomics.wait() failed: timed-out',
  code: 'ERR_TIMEOUT',
}

describe('an error of the function', () => {
  test('arrives with its class, stacks of both threads, properties and cause', async () => {
    const { said } = await run(
      {
        'w.mjs': worker.import(`async function failing() {
          const cause = new TypeError('why')
          throw Object.assign(new RangeError('too far', { cause }), { code: 'E_FAR', warnings: ['w'] })
        }`),
      },
      `const fn = createSyncFn(at('w.mjs'))
       function userCode() { fn() }
       try { userCode() } catch (error) {
         say([error instanceof RangeError, error.message, error.code, error.warnings, error.cause instanceof TypeError])
         const { stack } = error
         say([stack.includes('w.mjs'), stack.indexOf('failing') < stack.indexOf('userCode'), stack.includes('script.mjs')])
       }`,
    )
    expect(said).toEqual([
      [true, 'too far', 'E_FAR', ['w'], true],
      [true, true, true],
    ])
  })

  test('keeps the errors of an AggregateError', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import(`() => Promise.any([Promise.reject(new SyntaxError('inner'))])`) },
      `try { createSyncFn(at('w.mjs'))() } catch (error) {
         say([error instanceof AggregateError, error.errors[0] instanceof SyntaxError, error.errors[0].message])
       }`,
    )
    expect(said).toEqual([[true, true, 'inner']])
  })

  test('is thrown as it is if it is no Error', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import('reason => Promise.reject(reason)') },
      `const fn = createSyncFn(at('w.mjs'))
       for (const reason of [undefined, null, 0, '', false, 'text', { a: 1 }])
         try { fn(reason); say('nothing was thrown') } catch (error) { say([typeof error, error]) }`,
    )
    expect(said).toEqual([
      ['undefined', null],
      ['object', null],
      ['number', 0],
      ['string', ''],
      ['boolean', false],
      ['string', 'text'],
      ['object', { a: 1 }],
    ])
  })
})

describe('a value that cannot be carried between threads', () => {
  test('fails its own call, which says where it is, and no other', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import(`async kind => kind === 'bad' ? { list: [1, () => {}] } : kind`) },
      `const fn = createSyncFn(at('w.mjs'))
       say(thrown(() => fn('bad'))); say(fn('good'))
       say(thrown(() => fn({ callback() {} }))); say(fn('good again'))`,
    )
    const refused = message => ({ name: 'NotCloneableError', code: 'ERR_NOT_CLONEABLE', message })
    expect(said).toEqual([
      refused('result.list[1] is a function, which cannot be carried between threads (the result of w.mjs)'),
      'good',
      refused(
        'args[0].callback is a function (callback), which cannot be carried between threads (the arguments of w.mjs)',
      ),
      'good again',
    ])
  })
})

describe('a worker that ends', () => {
  const dying = {
    'w.mjs': worker.import(`async how => {
      if (how === 'exit') process.exit(2)
      if (how === 'uncaught') return new Promise(() => setTimeout(() => { throw new RangeError('nobody catches') }, 5))
      if (how === 'rejection') { Promise.reject(new TypeError('stray')); return new Promise(() => setInterval(() => {}, 99)) }
      if (how === 'memory') { const held = []; for (;;) held.push(new Array(1e4).fill(how.length)) }
      return how
    }`),
  }

  test.each([
    ['exit', { name: 'WorkerDiedError', code: 'ERR_WORKER_DIED', exitCode: 2 }, 'Worker exited with code 2'],
    ['uncaught', { name: 'RangeError' }, 'nobody catches'],
    ['rejection', { name: 'TypeError' }, 'stray'],
  ])('by %s fails the call and is replaced', async (how, error, message) => {
    const { said, code } = await run(
      dying,
      `const fn = createSyncFn(at('w.mjs'))
       for (let round = 0; round < 8; round++) { say(thrown(() => fn('${how}'))); say(fn(round)) }`,
    )
    const round = number => [{ ...error, message: expect.stringContaining(message) }, number]
    expect({ said, code }).toEqual({
      said: Array.from({ length: 8 }, (_, number) => round(number)).flat(),
      code: 0,
    })
  })

  test('for want of memory fails the call and is replaced', async () => {
    const { said } = await run(
      dying,
      `const fn = createSyncFn(at('w.mjs'))
       say(fn('before')); say(thrown(() => fn('memory'))); say(fn('after'))`,
      { flags: ['--max-old-space-size=40'] },
    )
    expect(said).toEqual([
      'before',
      { name: 'WorkerDiedError', code: 'ERR_WORKER_DIED', message: expect.stringContaining('out of memory') },
      'after',
    ])
  })

  test('between two calls is replaced before the second, and its end is reported', async () => {
    const { said, stderr } = await run(
      {
        'w.mjs': worker.import(`async (how, words) => {
          if (how === 'later') {
            setTimeout(() => { throw new Error('left behind') }, 1)
            process.on('exit', () => { Atomics.store(words, 0, 1); Atomics.notify(words, 0) })
          }
          return how
        }`),
      },
      `const fn = createSyncFn(at('w.mjs'))
       const died = () => new Int32Array(new SharedArrayBuffer(4))
       let words = died()
       say(fn('later', words))
       Atomics.wait(words, 0, 0)
       say(fn('second'))
       words = died()
       say(fn('later', words))
       const awake = setInterval(() => {}, 1000)
       await Atomics.waitAsync(words, 0, 0).value
       clearInterval(awake)
       say(fn('third'))`,
    )
    expect(said).toEqual(['later', 'second', 'later', 'third'])
    expect(stderr.match(/died between two calls and is replaced: Error: left behind/g)).toHaveLength(2)
  })

  test('because its file ends it tells so', async () => {
    const { said } = await run(
      { 'w.cjs': 'process.exit(7)' },
      `const fn = createSyncFn(at('w.cjs')); say(thrown(fn)); say(thrown(fn))`,
    )
    const died = { name: 'WorkerDiedError', code: 'ERR_WORKER_DIED', exitCode: 7 }
    const message = expect.stringMatching(/^Worker exited with code 7 while it was loading .*w\.cjs$/)
    expect(said).toEqual([
      { ...died, message },
      { ...died, message },
    ])
  })
})

describe('an error that the worker file catches for the whole thread', () => {
  const catching = `process.on('uncaughtException', () => {})\n`
  const throwing = `value => new Promise(resolve => {
    if (value === 'uncaught') setTimeout(() => { throw new Error('caught by nobody else') }, 5)
    if (value === 'rejection') Promise.reject(new Error('rejected'))
    if (value === 'fine') resolve(value)
  })`

  test('fails the call that was running, and the worker serves on', async () => {
    const { said } = await run(
      { 'w.mjs': `${catching}globalThis.loaded = Date.now()\n${worker.import(throwing)}` },
      `const fn = createSyncFn(at('w.mjs'))
       say(thrown(() => fn('uncaught')).message); say(fn('fine')); say(thrown(() => fn('rejection')).message); say(fn('fine'))`,
    )
    expect(said).toEqual(['caught by nobody else', 'fine', 'rejected', 'fine'])
  })

  test('is what the call fails with even if the listener ends the thread', async () => {
    const { said } = await run(
      { 'w.mjs': `process.on('uncaughtException', () => process.exit(4))\n${worker.import(throwing)}` },
      `const fn = createSyncFn(at('w.mjs')); say(thrown(() => fn('uncaught')).message); say(fn('fine'))`,
    )
    expect(said).toEqual(['caught by nobody else', 'fine'])
  })
})

describe('a worker file that cannot be loaded', () => {
  test.each([
    [
      'a missing import',
      'w.mjs',
      `import 'no-such-package'`,
      { name: 'Error', code: 'ERR_MODULE_NOT_FOUND' },
    ],
    ['a missing require', 'w.cjs', `require('no-such-package')`, { name: 'Error', code: 'MODULE_NOT_FOUND' }],
    ['a syntax error', 'w.mjs', 'const = 1', { name: 'SyntaxError' }],
    [
      'a throw',
      'w.cjs',
      `throw Object.assign(new RangeError('no'), { code: 'E_NO' })`,
      { name: 'RangeError', code: 'E_NO' },
    ],
    ['a throw after an await', 'w.mjs', `await null; throw new URIError('late')`, { name: 'URIError' }],
    ['a throw of undefined', 'w.cjs', 'throw undefined', { thrown: 'undefined' }],
    ['no file', 'none.mjs', undefined, { name: 'Error', code: 'ERR_MODULE_NOT_FOUND' }],
    ['no call of runAsWorker', 'w.mjs', 'export {}', { name: 'ExecutorError', code: 'ERR_EXECUTOR' }],
    [
      'an endless await',
      'w.mjs',
      'await new Promise(() => {})',
      { name: 'ExecutorError', code: 'ERR_EXECUTOR' },
    ],
  ])('for %s fails every call with the reason', async (_what, name, source, error) => {
    const { said } = await run(
      source === undefined ? {} : { [name]: source },
      `const fn = createSyncFn(at('${name}')); for (let call = 0; call < 3; call++) say(thrown(fn))`,
    )
    expect(said).toEqual([1, 2, 3].map(() => expect.objectContaining(error)))
  })

  test('fails also if it has called runAsWorker before', async () => {
    const { said } = await run(
      { 'w.cjs': `${worker.require('() => 1')}\nthrow new Error('after registering')` },
      `const fn = createSyncFn(at('w.cjs')); say(thrown(fn).message); say(thrown(fn).message)`,
    )
    expect(said).toEqual(['after registering', 'after registering'])
  })

  test('is tried again, so that it can be mended', async () => {
    const { said } = await run(
      { 'w.mjs': `import './missing.mjs'\n${worker.import('() => 1')}` },
      `const fn = createSyncFn(at('w.mjs')); say(thrown(fn).code)
       fs.writeFileSync(at('missing.mjs'), ''); say(fn())`,
    )
    expect(said).toEqual(['ERR_MODULE_NOT_FOUND', 1])
  })
})

describe('a timeout', () => {
  const slow = `
    import { currentTask } from 'async-pool-executor/task'
    import { runAsWorker } from 'async-pool-executor/synckit'
    let calls = 0
    const work = words => { Atomics.add(words, 0, 1); Atomics.notify(words, 0) }
    runAsWorker(async (how, words) => {
      calls++
      if (how === 'never') return new Promise(() => setInterval(work, 5, words))
      if (how === 'loop') for (;;) work(words)
      if (how === 'heeds') return new Promise((_, reject) => {
        const { signal } = currentTask()
        signal.addEventListener('abort', () => { work(words); reject(signal.reason) })
      })
      return calls
    })`

  test.each(['never', 'loop'])('stops a function that goes on for ever (%s)', async how => {
    const { said } = await run(
      { 'w.mjs': slow },
      `const fn = createSyncFn(at('w.mjs'), 300)
       const words = new Int32Array(new SharedArrayBuffer(4))
       say(thrown(() => fn('${how}', words)))
       say(Atomics.load(words, 0) > 0)
       while (Atomics.wait(words, 0, Atomics.load(words, 0), 300) !== 'timed-out'); // for as long as it goes on
       say(fn('count'))`,
    )
    expect(said).toEqual([timedOut, true, 1])
  })

  test('aborts the signal, and keeps the worker if that ends the function', async () => {
    const { said } = await run(
      { 'w.mjs': slow },
      `const fn = createSyncFn(at('w.mjs'), 300)
       const words = new Int32Array(new SharedArrayBuffer(4))
       say(thrown(() => fn('heeds', words)))
       say([Atomics.load(words, 0), fn('count')])`,
    )
    expect(said).toEqual([timedOut, [1, 2]])
  })

  test('does not count the start of the worker, and leaves later calls alone', async () => {
    const { said } = await run(
      {
        'w.mjs': `await new Promise(resolve => setTimeout(resolve, 600))
          ${worker.import('answer => new Promise(resolve => answer && resolve(answer))')}`,
      },
      `const fn = createSyncFn(at('w.mjs'), 500)
       say(fn(1)); say(thrown(() => fn())); say(fn(2)); say(thrown(() => fn())); say(fn(3))`,
    )
    expect(said).toEqual([1, timedOut, 2, timedOut, 3])
  })

  test('bounds the start of a worker too, and later calls wait for the same start', async () => {
    const { said } = await run(
      {
        'w.mjs': `import fs from 'node:fs'
          const at = name => new URL(name, import.meta.url)
          fs.appendFileSync(at('starts.txt'), '.')
          while (!fs.existsSync(at('go.txt'))) await new Promise(resolve => setTimeout(resolve, 5))
          ${worker.import('() => 1')}`,
      },
      `const fn = createSyncFn(at('w.mjs'), 100)
       say(thrown(fn)); fs.writeFileSync(at('go.txt'), ''); say(fn()); say(fs.readFileSync(at('starts.txt'), 'utf8'))`,
    )
    expect(said).toEqual([timedOut, 1, '.'])
  })

  test('comes from SYNCKIT_TIMEOUT unless the options say otherwise', async () => {
    const slow = worker.import('() => new Promise(resolve => setTimeout(resolve, 500, true))')
    const { said } = await run(
      { 'one.mjs': slow, 'two.mjs': slow, 'three.mjs': slow },
      `say(thrown(createSyncFn(at('one.mjs'))))
       say(createSyncFn(at('two.mjs'), 9000)())
       say(createSyncFn(at('three.mjs'), { timeout: null })())`,
      { env: { ...process.env, SYNCKIT_TIMEOUT: '100' } },
    )
    expect(said).toEqual([timedOut, true, true])
  })
})
