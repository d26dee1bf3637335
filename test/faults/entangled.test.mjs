import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { file, runScript } from '../child.mjs'

const entangled = fileURLToPath(new URL('fixtures/entangled.mjs', import.meta.url))

/** Waits that depend on each other; each script must end by itself. */
function run(body) {
  return runScript(
    'import',
    `const { callback } = await import('async-pool-executor')
     const { EventEmitter } = await import('node:events')
     const entangled = ${JSON.stringify(entangled)}
     const words = new Int32Array(new SharedArrayBuffer(64))
     const raise = index => { Atomics.store(words, index, 1); Atomics.notify(words, index) }
     const awaitWord = index => { while (Atomics.load(words, index) === 0) Atomics.wait(words, index, 0, 50) }
     const named = action => { try { return action() } catch (error) { return error.name } }
     ${body}`,
  )
}

/** A thread that attaches to the executor whose handle it is given. */
function guest(body) {
  return JSON.stringify(
    file(
      'guest.mjs',
      `import { AsyncPoolExecutor, callback } from 'async-pool-executor'
       import { workerData } from 'node:worker_threads'
       import { writeSync } from 'node:fs'
       const { handle, words, entangled } = workerData
       const say = text => writeSync(1, text + '\\n')
       const raise = index => { Atomics.store(words, index, 1); Atomics.notify(words, index) }
       const executor = AsyncPoolExecutor.attach(handle)
       ${body}`,
    ),
  )
}

describe('a task that calls back when nobody will answer', () => {
  test.each([
    ['is cancelled', '', 'future.cancel()', 'CancelledError'],
    ['is too late', ', { timeout: 50 }', '', 'TimeoutError'],
  ])('gives its slot up if it %s', async (_, options, end, name) => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 1, onError: 'ignore' })
       executor.run(entangled, 'identity', [0]) // loads the module, which would count as time of the task
       const future = executor.submit(entangled, 'callWhenRaised', [words, callback(() => 1)]${options})
       awaitWord(0)
       ${end}
       say(named(() => future.result()))
       raise(1)
       say(executor.join(10_000) + ' ' + executor.stats().running + ' ' + executor.run(entangled, 'identity', [7]))
       process.exit()`,
    )
    expect(lines).toEqual([name, 'true 0 7'])
  })

  test('gives its slot up if its thread is terminated', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 1 })
       const thread = new Worker(${guest(`executor.submit(entangled, 'waitFor', [callback(() => { raise(0); return new Promise(resolve => setTimeout(resolve, 1e6)) })]).promise()`)},
         { workerData: { handle: executor.handle(), words, entangled } })
       awaitWord(0)
       await thread.terminate()
       say(executor.run(entangled, 'identity', [7]))`,
    )
    expect(lines).toEqual(['7'])
  })
})

describe('a shared queue', () => {
  test('lets a caller in that did not come for its place in time', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 1 })
       executor.handle()
       const held = executor.submit(entangled, 'hold', [words])
       awaitWord(0)
       executor.submit(entangled, 'identity', [1])
       const waiting = executor.submitAsync(entangled, 'identity', [2])
       raise(1)
       held.result()
       const busy = performance.now() + 2_600 // longer than a place is kept for a caller
       while (performance.now() < busy);
       say((await (await waiting).promise()) + ' ' + executor.run(entangled, 'identity', [3]))`,
    )
    expect(lines).toEqual(['2 3'])
  })

  test('loses no place by a wait that is aborted, nor by a submit that fails', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 1 })
       executor.handle()
       const held = executor.submit(entangled, 'hold', [words])
       awaitWord(0)
       executor.submit(entangled, 'identity', [1])
       const controller = new AbortController()
       const waiting = executor.submitAsync(entangled, 'identity', [2], { signal: controller.signal }).catch(error => error.name)
       controller.abort()
       say(await waiting)
       raise(1)
       held.result()
       for (let i = 0; i < 3; i++) {
         say(named(() => executor.submit(entangled, 'identity', [1], { signal: AbortSignal.abort() })))
         say(named(() => executor.submit(entangled, 'identity', [() => {}])))
       }
       say(executor.run(entangled, 'identity', [3]))`,
    )
    expect(lines).toEqual([
      'CancelledError',
      ...Array.from({ length: 3 }, () => ['CancelledError', 'NotCloneableError']).flat(),
      '3',
    ])
  })

  test('its owner replaces the worker, whatever it is blocked in', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 2 })
       const attached = AsyncPoolExecutor.attach(executor.handle())
       say(named(() => attached.run(entangled, 'die')))
       say(attached.run(entangled, 'identity', [2]))`,
    )
    expect(lines).toEqual(['WorkerDiedError', '2'])
  })

  test('is worked off before a graceful shutdown of its owner is done', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 3 })
       const thread = new Worker(${guest(`const held = executor.submit(entangled, 'hold', [words])
         const queued = executor.submit(entangled, 'identity', [1])
         Atomics.wait(words, 0, 0)
         raise(2)
         while (!Atomics.load(words, 3)) Atomics.wait(words, 3, 0, 50)
         try { executor.submit(entangled, 'identity', [2]) } catch (error) { say(error.name) }
         raise(1)
         say(held.result() + ' ' + queued.result())`)},
         { workerData: { handle: executor.handle(), words, entangled } })
       awaitWord(2)
       executor.shutdown({ wait: false })
       raise(3)
       await EventEmitter.once(thread, 'exit')`,
    )
    expect(lines).toEqual(['ExecutorClosedError', 'held 1'])
  })
})

describe('a wait that could only be ended from further up the stack', () => {
  test('is refused in the arguments of the task that has the last place', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 1 })
       executor.run(entangled, 'identity', [1])
       const nested = { get value() { return executor.run(entangled, 'identity', [2]) } }
       say(named(() => executor.submit(entangled, 'identity', [nested])))
       say(executor.run(entangled, 'identity', [3]))`,
    )
    expect(lines).toEqual(['DeadlockError', '3'])
  })

  test('join in a callback whose task is cancelled comes back', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 1 })
       let future
       const joins = callback(() => { future.cancel(); say(named(() => executor.join())) })
       future = executor.submit(entangled, 'waitFor', [joins])
       say(named(() => future.result()))`,
    )
    expect(lines).toHaveLength(2)
    expect(lines[1]).toBe('CancelledError')
  })

  test('is not refused if another executor can end it, or the time', async () => {
    const { lines } = await run(
      `const starved = new AsyncPoolExecutor({ size: 1, name: 'starved' }), free = new AsyncPoolExecutor({ name: 'free' })
       const stream = starved.stream(entangled, 'count', [1000])
       stream.next()
       const futures = [starved.submit(entangled, 'identity', [1]), free.submit(entangled, 'identity', [2])]
       say(wait(futures, { returnWhen: 'first-completed' }).done.size)
       say(named(() => futures[0].result(50)))
       say(named(() => futures[0].result()))
       stream.return()
       say(futures[0].result())`,
    )
    expect(lines).toEqual(['1', 'TimeoutError', 'DeadlockError', '1'])
  })
})

describe('at the end', () => {
  test('joinAsync resolves when a shutdown takes the worker away', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 1 })
       const future = executor.submit(entangled, 'hold', [words])
       awaitWord(0)
       future.cancel()
       const joined = executor.joinAsync().then(() => say('joined'))
       await executor.shutdownAsync()
       await joined`,
    )
    expect(lines).toEqual(['joined'])
  })

  test('joinAsync resolves when the worker ends by itself, with slots of cancelled tasks', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 1 })
       const future = executor.submit(entangled, 'hold', [words])
       awaitWord(0)
       future.cancel()
       const joined = executor.joinAsync().then(() => say('joined'))
       executor.shutdown({ wait: false })
       await joined`,
    )
    expect(lines).toEqual(['joined'])
  })

  test('a signal ends open streams', async () => {
    const { code } = await run(
      `const executor = new AsyncPoolExecutor({ drainOnSignals: ['SIGTERM'] })
       executor.stream(entangled, 'count', [1000], { lookAhead: 2 }).next()
       setInterval(() => {}, 1000)
       process.kill(process.pid, 'SIGTERM')`,
    )
    expect(code).toBe(143)
  })

  test('a late exit handler can read a stream', async () => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor()
       executor.run(entangled, 'identity', [1])
       process.on('exit', () => { for (const items of [10, 64, 1000]) say([...executor.stream(entangled, 'count', [items])].length) })`,
    )
    expect(lines).toEqual(['10', '64', '1000'])
  })
})

test('what a callback returns cannot disturb others by its then', async () => {
  const { lines } = await run(
    `const executor = new AsyncPoolExecutor({ size: 2, onError: 'ignore' })
     const future = executor.submit(entangled, 'waitFor', [callback(() => ({ get then() { throw new RangeError('mine') } }))])
     const other = executor.submit(entangled, 'identity', [5])
     say(other.result() + ' ' + named(() => future.result()))`,
  )
  expect(lines).toEqual(['5 RangeError'])
})

test('getters in arguments run once, with carriers too', async () => {
  const { lines } = await run(
    `callback(() => {})
     const executor = new AsyncPoolExecutor()
     let runs = 0
     say(executor.run(entangled, 'identity', [{ get value() { return ++runs } }]).value + ' ' + runs)`,
  )
  expect(lines).toEqual(['1 1'])
})

describe('waits for several executors inside a callback', () => {
  test.each([
    ['gather', 'gather([own, other])'],
    ['wait', 'wait([own, other])'],
    ['asCompleted', '[...asCompleted([own, other])]'],
  ])('%s is refused once only its own task is left', async (_name, call) => {
    const { lines } = await run(
      `const first = new AsyncPoolExecutor({ name: 'first' })
       const second = new AsyncPoolExecutor({ name: 'second' })
       let own
       const back = callback(() => {
         const other = second.submit(entangled, 'identity', [1])
         say(named(() => ${call}))
       })
       own = first.submit(entangled, 'waitFor', [back])
       say(own.result())`,
    )
    expect(lines).toEqual(['DeadlockError', '1'])
  })
})

test.each([
  ['a property', "Object.defineProperty(error, 'extra', { enumerable: true, get: exit })"],
  ['its message', "Object.defineProperty(error, 'message', { get: exit })"],
  ['its name', "Object.defineProperty(error, 'name', { get: exit })"],
  ['what its cause has', 'error.cause = { get extra() { return exit() } }'],
  ['Error.prepareStackTrace', 'Error.prepareStackTrace = exit'],
])(
  'an error ends the worker by %s while it is encoded: its task alone dies, and once',
  async (_name, trap) => {
    const { lines } = await run(
      `const executor = new AsyncPoolExecutor({ size: 2 })
     const runs = new Int32Array(new SharedArrayBuffer(4))
     const future = executor.submit(async runs => {
       Atomics.add(runs, 0, 1)
       const exit = () => process.exit(6)
       const error = new Error('thrown')
       ${trap}
       throw error
     }, [runs])
     const { name, exitCode } = future.error()
     say([name, exitCode, runs[0], executor.run(entangled, 'identity', [7]), executor.stats().restarts].join())`,
    )
    expect(lines).toEqual(['WorkerDiedError,6,1,7,1'])
  },
)
