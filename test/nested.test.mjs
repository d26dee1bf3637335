import { describe, expect, test } from 'vitest'
import { runScript, systems } from './child.mjs'
import { fixture } from './paths.mjs'

/*
 * A worker has a stack of 4 MB, the main thread one of 1 MB, and to read a value takes more of it than to write one: so
 * there are values that a worker can send and the caller cannot read. Such a message is gone. All of this happens in
 * children with a deadline: what is lost is waited for.
 */

const head = `
const nested = ${JSON.stringify(fixture('nested.mjs'))}
const { nest, depthOf } = await import(require('node:url').pathToFileURL(nested))
const tooDeep = 6000
const show = error => say([error.code, error.name, error.message].join(' | '))
const failure = code => { try { return code() } catch (error) { return error } }
`

/** In CommonJS, where the stack is not that of a promise. */
function run(body, options) {
  return runScript('require', `;(async () => { ${head} ${body} })()`, options)
}

const unreadable = what =>
  `ERR_NOT_CLONEABLE | NotCloneableError | ${what} cannot be read in the other thread: it is nested too deep (Maximum call stack size exceeded)`

describe('what the caller cannot read', () => {
  test('fails its task and nothing else, while the caller is blocked', async () => {
    const { code, stderr, lines } = await run(`
      const executor = new AsyncPoolExecutor({ size: 4, queueSize: 40, onError: 'ignore' })
      const futures = Array.from({ length: 40 }, (_, i) =>
        i % 5 === 3 ? executor.submit(nested, 'nest', [tooDeep]) : executor.submit(nested, 'nest', [i]))
      show(failure(() => futures[3].result()))
      futures.forEach((future, i) => {
        if (i % 5 === 3) say(future.error().code)
        else if (depthOf(future.result()) !== i) say('wrong ' + i)
      })
      const { completed, failed, restarts, queued, running } = executor.stats()
      say([completed, failed, restarts, queued, running].join(' '))
    `)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(lines).toEqual([
      unreadable('the result of nested.mjs#nest'),
      ...Array(8).fill('ERR_NOT_CLONEABLE'),
      '32 8 0 0 0',
    ])
  })

  test('fails its task and nothing else, on the event loop', async () => {
    const { code, stderr, lines } = await run(`
      const executor = new AsyncPoolExecutor({ size: 4, queueSize: 40 })
      const outcomes = await Promise.allSettled(Array.from({ length: 20 }, (_, i) =>
        executor.runAsync(nested, 'nest', [i % 5 === 3 ? tooDeep : i])))
      say(outcomes.map(({ status, value, reason }) => status === 'fulfilled' ? depthOf(value) : reason.code).join(' '))
      say(executor.run(nested, 'echo', ['goes on']))
    `)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const outcomes = Array.from({ length: 20 }, (_, i) => (i % 5 === 3 ? 'ERR_NOT_CLONEABLE' : i))
    expect(lines).toEqual([outcomes.join(' '), 'goes on'])
  })

  test.each(systems)(
    'is not left to another call that happens to read it, nor to the exit: %s',
    async system => {
      const { code, stderr, lines } = await runScript(
        system,
        `const executor = new AsyncPoolExecutor()
       const future = executor.submit(${JSON.stringify(fixture('nested.mjs'))}, 'nest', [6000])
       while (executor.stats().running + executor.stats().queued > 0);
       say(executor.submit(${JSON.stringify(fixture('nested.mjs'))}, 'echo', ['mine']).result())`,
      )
      expect({ code, lines }).toEqual({ code: 0, lines: ['mine'] })
      expect(stderr).toMatch(/nobody read[\s\S]*nested too deep/)
    },
  )

  test('of an error is left out, and not the error', async () => {
    const { code, stderr, lines } = await run(`
      const executor = new AsyncPoolExecutor()
      const error = failure(() => executor.run(nested, 'throwNested', [tooDeep]))
      say([error instanceof RangeError, error.message, 'nested' in error].join(' '))
    `)
    expect({ code, stderr, lines }).toEqual({ code: 0, stderr: '', lines: ['true mine false'] })
  })

  test('ends a stream at its place, and the generator with it', async () => {
    const { code, stderr, lines } = await run(`
      const executor = new AsyncPoolExecutor({ size: 1 })
      for (const stream of [executor.stream, executor.streamAsync]) {
        const items = []
        try {
          for await (const item of stream.call(executor, nested, 'countWithNested', [1000, 7, tooDeep])) items.push(item)
        } catch (error) { show(error) }
        say(items.join(' '))
        executor.join()
        say(JSON.stringify(executor.stats().tasks))
      }
    `)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const each = [unreadable('an item of nested.mjs#countWithNested'), '0 1 2 3 4 5 6', '[]']
    expect(lines).toEqual([...each, ...each])
  })

  test('fails the call of a callback', async () => {
    const { code, stderr, lines } = await run(`
      const { callback } = require('async-pool-executor')
      const executor = new AsyncPoolExecutor()
      const args = [callback(value => depthOf(value)), tooDeep]
      say(executor.run(nested, 'callWithNested', args))
      say(await executor.runAsync(nested, 'callWithNested', args))
      say(executor.run(nested, 'callWithNested', [callback(value => depthOf(value)), 9]))
    `)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const refused =
      'NotCloneableError: the arguments of a callback given to nested.mjs#callWithNested cannot be read in the other thread: it is nested too deep (Maximum call stack size exceeded)'
    expect(lines).toEqual([refused, refused, '9'])
  })

  test('is left out of the progress, and said', async () => {
    const { code, stderr, lines } = await run(`
      const executor = new AsyncPoolExecutor()
      const onProgress = value => say('progress ' + value)
      say(executor.run(nested, 'progressWithNested', [tooDeep], { onProgress }))
    `)
    expect({ code, lines }).toEqual({ code: 0, lines: ['progress 1', 'progress 2', 'done'] })
    expect(stderr).toMatch(/^async-pool-executor: progress of .* nested too deep .*\n$/)
  })

  test('fails a call through remote()', async () => {
    const { code, stderr, lines } = await run(`
      const executor = new AsyncPoolExecutor()
      const library = executor.remote(nested)
      say((await library.nest(tooDeep).catch(error => error)).code)
      say(depthOf(await library.nest(5)))
    `)
    expect({ code, stderr, lines }).toEqual({ code: 0, stderr: '', lines: ['ERR_NOT_CLONEABLE', '5'] })
  })

  test('fails a task in a CPU thread', async () => {
    const { code, stderr, lines } = await run(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      for (const levels of [3000, 6000, 9000, 12000, 15000, 20000]) {
        const error = failure(() => executor.run(nested, 'nest', [levels], { offload: true }))
        if (error.code !== 'ERR_NOT_CLONEABLE') say(levels + ' ' + (error.left === undefined ? error : depthOf(error)))
      }
      say(depthOf(executor.run(nested, 'nest', [7], { offload: true })))
    `)
    expect({ code, stderr, lines }).toEqual({ code: 0, stderr: '', lines: ['7'] })
  })

  test('does not stop a guest of a shared executor', async () => {
    const { code, stderr, lines } = await run(`
      const owner = new AsyncPoolExecutor({ name: 'owner' })
      const guest = new Worker(\`
        const { AsyncPoolExecutor } = require('async-pool-executor')
        const { workerData: { handle, nested } } = require('node:worker_threads')
        const executor = AsyncPoolExecutor.attach(handle)
        const say = text => require('node:fs').writeSync(1, text + '\\\\n')
        try { executor.run(nested, 'nest', [6000]) } catch (error) { say(error.code) }
        executor.runAsync(nested, 'nest', [6000]).catch(error => say(error.code)).then(() => say(executor.run(nested, 'echo', ['on'])))
      \`, { eval: true, workerData: { handle: owner.handle(), nested }, resourceLimits: { stackSizeMb: 1 } })
      await new Promise(resolve => guest.once('exit', resolve))
    `)
    expect({ code, stderr, lines }).toEqual({
      code: 0,
      stderr: '',
      lines: ['ERR_NOT_CLONEABLE', 'ERR_NOT_CLONEABLE', 'on'],
    })
  })
})

describe('what the worker cannot read', () => {
  /** In a thread with more stack than a worker has. */
  const inLargeThread = body => `
    const large = new Worker(\`(async () => {
      const { AsyncPoolExecutor, callback } = require('async-pool-executor')
      const say = text => require('node:fs').writeSync(1, text + '\\\\n')
      const nested = ${JSON.stringify(fixture('nested.mjs'))}
      const { nest, depthOf } = await import(nested)
      const tooDeep = 60_000
      ${body}
    })()\`, { eval: true, resourceLimits: { stackSizeMb: 48 } })
    large.on('error', error => say(String(error)))
    await new Promise(resolve => large.once('exit', resolve))`

  test('fails its task, and the worker goes on', async () => {
    const { code, stderr, lines } = await run(
      inLargeThread(`
        const executor = new AsyncPoolExecutor({ size: 1, queueSize: 1 })
        for (let round = 0; round < 3; round++) {
          const future = executor.submit(nested, 'depth', [nest(tooDeep)])
          say(executor.run(nested, 'depth', [nest(round)]))
          say(future.error().code + ' ' + future.error().message.replace(/.*nested.mjs/, ''))
        }
        say(executor.stats().restarts + ' ' + executor.stats().queued + ' ' + executor.join())
      `),
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const refused =
      'ERR_NOT_CLONEABLE #depth cannot be read in the other thread: it is nested too deep (Maximum call stack size exceeded)'
    expect(lines).toEqual(['0', refused, '1', refused, '2', refused, '0 0 true'])
  })

  test('fails the call of a callback that returned it, whole errors included', async () => {
    const { code, stderr, lines } = await run(
      inLargeThread(`
        const executor = new AsyncPoolExecutor()
        say(executor.run(nested, 'depthOfAnswer', [callback(() => nest(tooDeep))]))
        say(executor.run(nested, 'depthOfAnswer', [callback(() => {
          throw Object.assign(new RangeError('mine'), { nested: nest(tooDeep) })
        })]))
        say(executor.run(nested, 'depthOfAnswer', [callback(() => nest(4))]))
      `),
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(lines).toEqual([
      'NotCloneableError: the result of a callback cannot be read in the other thread: it is nested too deep (Maximum call stack size exceeded)',
      'RangeError: mine',
      '4',
    ])
  })

  test('fails no other call, however many answers go out before the worker has said so', async () => {
    const { code, stderr, lines } = await run(
      inLargeThread(`
        const executor = new AsyncPoolExecutor({ size: 200, queueSize: 200 })
        const deep = nest(tooDeep)
        const calls = new Int32Array(new SharedArrayBuffer(4))
        for (let round = 0; round < 5; round++) {
          Atomics.store(calls, 0, 0)
          const answer = callback(i => (i === 3 ? deep : nest(i % 7)))
          const futures = Array.from({ length: 200 }, (_, i) => executor.submit(nested, 'ask', [answer, i, calls]))
          while (Atomics.load(calls, 0) < 200) Atomics.wait(calls, 0, Atomics.load(calls, 0), 100)
          const wrong = futures.filter((future, i) => i === 3
            ? future.error(5000).code !== 'ERR_NOT_CLONEABLE' : depthOf(future.result(5000)) !== i % 7)
          say(wrong.length + ' wrong, ' + executor.stats().queued + ' queued')
        }
      `),
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(lines).toEqual(Array(5).fill('0 wrong, 0 queued'))
  })
})

test('what this thread cannot write is refused at the call, with nothing accepted', async () => {
  const { code, stderr, lines } = await run(`
    const executor = new AsyncPoolExecutor({ size: 1, queueSize: 0 })
    show(failure(() => executor.submit(nested, 'depth', [nest(100_000)])))
    show(await executor.submitAsync(nested, 'depth', [nest(100_000)]).catch(error => error))
    say(executor.run(nested, 'depth', [nest(3)]))
    show(failure(() => executor.run(nested, 'nest', [100_000])))
    say(executor.stats().completed + ' ' + executor.stats().failed)
  `)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const refused = (root, whose) =>
    `ERR_NOT_CLONEABLE | NotCloneableError | ${root} is nested too deep, which cannot be carried between threads (${whose})`
  const argsRefused = refused('args', 'the arguments of nested.mjs#depth')
  expect(lines).toEqual([
    argsRefused,
    argsRefused,
    '3',
    refused('result', 'the result of nested.mjs#nest'),
    '1 1',
  ])
})

test('a task whose result is lost with the worker is not run twice', async () => {
  const { code, stderr, lines } = await run(`
    const counts = new Int32Array(new SharedArrayBuffer(8))
    const executor = new AsyncPoolExecutor({ onError: 'ignore' })
    const future = executor.submit(nested, 'nestAndEnd', [tooDeep, counts])
    Atomics.wait(counts, 1, 0) // until the worker ends: it will answer nothing
    say(failure(() => future.result(5000)).code + ' ' + counts[0])
    say(executor.run(nested, 'echo', ['on']))
  `)
  expect({ code, stderr, lines }).toEqual({ code: 0, stderr: '', lines: ['ERR_WORKER_DIED 1', 'on'] })
})

test('reasons of cancels are not kept', async () => {
  const { code, stderr, lines } = await run(
    `
    const executor = new AsyncPoolExecutor()
    const heap = () => { gc(); gc(); return process.memoryUsage().heapUsed / 2 ** 20 }
    const before = heap()
    for (let i = 0; i < 60; i++) {
      const rows = Array.from({ length: 1e5 }, (_, n) => n + i / 7)
      executor.submit(nested, 'turn', []).cancel(Object.assign(new Error('no more'), { rows }))
      executor.join()
    }
    const grown = heap() - before
    say(grown < 20 ? 'flat' : 'grew by ' + grown)`,
    { flags: ['--expose-gc'] },
  )
  expect({ code, stderr, lines }).toEqual({ code: 0, stderr: '', lines: ['flat'] })
})
