import { AsyncPoolExecutor, callback, NotCloneableError, transfer } from 'async-pool-executor'
import * as Comlink from 'comlink'
import { describe, expect, onTestFinished, test } from 'vitest'
import { file, runScript, systems } from './child.mjs'
import { awaitSignal, createExecutor, createSignals, occupy, openGate, Signal, thrownBy } from './helpers.mjs'
import { fixtures, tasks } from './paths.mjs'

/** A script whose threads attach to its executor: `body` runs in each of them, `main` in the owner. */
function scriptOf(body, main) {
  const path = file(
    'thread.mjs',
    `import { AsyncPoolExecutor } from 'async-pool-executor'
     import { writeSync } from 'node:fs'
     import { parentPort, workerData } from 'node:worker_threads'
     const { handle, words, tasks, number } = workerData
     const say = text => writeSync(1, text + '\\n')
     const raise = index => { Atomics.add(words, index, 1); Atomics.notify(words, index) }
     const executor = AsyncPoolExecutor.attach(handle)
     ${body}`,
  )
  return `
    const words = new Int32Array(new SharedArrayBuffer(4096))
    const awaitWord = (index, value) => { while (Atomics.load(words, index) < value) Atomics.wait(words, index, Atomics.load(words, index), 10) }
    const start = (handle, number) => new Worker(${JSON.stringify(path)}, { workerData: { handle, words, tasks, number } })
    const ended = thread => new Promise(resolve => thread.once('exit', resolve))
    ;(async () => { ${main} })()`
}

describe('a shared executor', () => {
  test.each(systems)('runs tasks of several threads within one size and one queue (%s)', async system => {
    const { lines } = await runScript(
      system,
      scriptOf(
        `let sum = 0
         const futures = []
         for (let i = 0; i < 200; i++) futures.push(executor.submit(tasks, 'turns', [words, 2, i]))
         for (const future of futures) sum += future.result()
         for (let i = 0; i < 200; i++) if (executor.run(tasks, 'echo', [i]) !== i) throw new Error('wrong')
         say('sum ' + sum)`,
        `const executor = new AsyncPoolExecutor({ size: 3, queueSize: 4 })
         const threads = [1, 2, 3].map(number => start(executor.handle(), number))
         for (let i = 0; i < 200; i++) executor.submit(tasks, 'turns', [words, 2])
         await Promise.all(threads.map(ended))
         say('most ' + words[2] + ' finished ' + words[4])
         say(JSON.stringify(executor.shutdown()))`,
      ),
    )
    expect(lines.filter(line => line.startsWith('sum'))).toEqual(['sum 19900', 'sum 19900', 'sum 19900'])
    expect(lines.slice(3)).toEqual([
      'most 3 finished 800',
      '{"completed":200,"failed":0,"cancelled":0,"abandoned":0}',
    ])
  })

  test('holds back all its callers together', async () => {
    const { lines } = await runScript(
      'require',
      scriptOf(
        `raise(20)
         executor.submit(tasks, 'hold', [words])
         raise(21)
         executor.join()`,
        `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 2 })
         const handle = executor.handle()
         executor.submit(tasks, 'hold', [words])
         awaitWord(3, 1)
         executor.submit(tasks, 'hold', [words])
         executor.submit(tasks, 'hold', [words])
         const threads = [1, 2].map(number => start(handle, number))
         awaitWord(20, 2)
         try { executor.submit(tasks, 'hold', [words], { submitTimeout: 200 }) } catch (error) { say(error.code) }
         say(executor.trySubmit(tasks, 'echo', [1]) === undefined)
         say('let in ' + words[21])
         Atomics.store(words, 0, 1)
         Atomics.notify(words, 0)
         await Promise.all(threads.map(ended))
         executor.join()
         say('most ' + words[2] + ' finished ' + words[4])`,
      ),
    )
    expect(lines).toEqual(['ERR_QUEUE_FULL', 'true', 'let in 0', 'most 1 finished 5'])
  })

  test('lets in who waits in the order of their coming', async () => {
    const ticks = file('ticks.mjs', 'export async function* ticks() { for (;;) yield 0 }')
    const { lines, stderr } = await runScript(
      'require',
      scriptOf(
        `executor.run(tasks, 'echo', [0])
         raise(23)
         while (Atomics.load(words, 20) < number) Atomics.wait(words, 20, Atomics.load(words, 20), 10)
         const wish = executor.submitAsync(tasks, 'log', [words, number])
         raise(21)
         await (await wish).promise()`,
        `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 1 })
         const handle = executor.handle()
         const threads = [3, 1, 2].map(number => start(handle, number))
         awaitWord(23, 3)
         const stream = executor.stream(${JSON.stringify(ticks)}, 'ticks', [], { lookAhead: 1 })
         stream.next()
         executor.submit(tasks, 'echo', [0])
         for (let number = 1; number <= 3; number++) {
           Atomics.store(words, 20, number)
           Atomics.notify(words, 20)
           awaitWord(21, number)
           for (let i = 0; i < 3; i++) stream.next() // the worker has read all that was sent before
         }
         stream.return()
         await Promise.all(threads.map(ended))
         say([...words.subarray(6, 6 + words[5])].join())`,
      ),
    )
    expect({ lines, stderr }).toEqual({ lines: ['1,2,3'], stderr: '' })
  })

  test('is drained by each of its callers at their end', async () => {
    const { lines } = await runScript(
      'require',
      scriptOf(
        `for (let i = 0; i < 20; i++) executor.submit(tasks, 'turns', [words, 5])
         process.exit(number)`,
        `const executor = new AsyncPoolExecutor({ size: 2, queueSize: 50 })
         const codes = await Promise.all([1, 2].map(number => ended(start(executor.handle(), number))))
         say(codes.join() + ' finished ' + words[4])`,
      ),
    )
    expect(lines).toEqual(['1,2 finished 40'])
  })

  const busy = `awaitWord(20, 1)
         for (let i = 0; i < 2; i++) executor.submit(tasks, 'hold', [words])
         Atomics.store(words, 21, 1)
         awaitWord(22, 1)
         Atomics.store(words, 0, 1)
         Atomics.notify(words, 0)`
  test.each([
    ['before it is connected', ''],
    [
      'when the queue is full of tasks of others',
      "executor.run(tasks, 'echo', [0]); raise(20); awaitWord(21)",
    ],
  ])('is drained of calls that wait in the event loop, %s', async (_when, before) => {
    const { lines, stderr } = await runScript(
      'require',
      scriptOf(
        `const awaitWord = index => { while (Atomics.load(words, index) === 0) Atomics.wait(words, index, 0, 10) }
         ${before}
         for (let i = 1; i <= 3; i++) executor.runAsync(tasks, 'log', [words, i])
         executor.streamAsync(async function* () { for (;;) yield 0 }).next()
         raise(22)
         process.exit(7)`,
        `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 1 })
         const thread = start(executor.handle(), 1)
         ${before && busy}
         const code = await ended(thread)
         executor.join()
         say(code + ' logged ' + [...words.subarray(6, 6 + words[5])].join())`,
      ),
    )
    expect({ lines, stderr }).toEqual({ lines: ['7 logged 1,2,3'], stderr: '' })
  })

  test('goes on when a caller is terminated, and forgets what that had queued', async () => {
    const { lines } = await runScript(
      'require',
      scriptOf(
        `executor.submit(tasks, 'hold', [words])
         for (let i = 0; i < 3; i++) executor.submit(tasks, 'log', [words, 7])
         raise(20)
         executor.submit(tasks, 'log', [words, 8])`,
        `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 3 })
         const thread = start(executor.handle(), 1)
         awaitWord(20, 1)
         await thread.terminate()
         const futures = [1, 2, 3].map(number => executor.submit(tasks, 'log', [words, number]))
         Atomics.store(words, 0, 1)
         Atomics.notify(words, 0)
         for (const future of futures) future.result()
         say([...words.subarray(6, 6 + words[5])].join())`,
      ),
    )
    expect(lines).toEqual(['1,2,3'])
  })

  test('rejects what ran and runs what was queued when its worker dies, for every caller', async () => {
    const killer = file(
      'killer.mjs',
      'export const arm = words => { setInterval(() => { if (Atomics.load(words, 22)) process.exit(3) }, 5) }',
    )
    const { lines } = await runScript(
      'require',
      scriptOf(
        `const running = executor.submit(tasks, 'hold', [words])
         const queued = [1, 2, 3].map(i => executor.submit(tasks, 'echo', [i]))
         raise(20)
         const { code, exitCode } = running.error()
         say([number, code, exitCode, queued.map(future => future.result()).join(), executor.run(tasks, 'echo', ['on'])].join(' '))`,
        `const executor = new AsyncPoolExecutor({ size: 2, queueSize: 20 })
         executor.run(${JSON.stringify(killer)}, 'arm', [words])
         const threads = [1, 2].map(number => start(executor.handle(), number))
         awaitWord(20, 2)
         awaitWord(3, 2)
         Atomics.store(words, 22, 1) // only the worker that was armed looks at it
         await Promise.all(threads.map(ended))
         say('restarts ' + executor.stats().restarts)`,
      ),
    )
    expect(lines.toSorted()).toEqual([
      '1 ERR_WORKER_DIED 3 1,2,3 on',
      '2 ERR_WORKER_DIED 3 1,2,3 on',
      'restarts 1',
    ])
  })

  test('tells its callers when it has been shut down', async () => {
    const { lines } = await runScript(
      'require',
      scriptOf(
        `say(executor.run(tasks, 'echo', ['open']))
         raise(20)
         while (Atomics.load(words, 21) === 0) Atomics.wait(words, 21, 0, 10)
         try { executor.run(tasks, 'echo', [1]) } catch (error) { say(error.code) }`,
        `const executor = new AsyncPoolExecutor({ size: 1 })
         const thread = start(executor.handle(), 1)
         awaitWord(20, 1)
         executor.shutdown()
         Atomics.store(words, 21, 1)
         await ended(thread)`,
      ),
    )
    expect(lines).toEqual(['open', 'ERR_EXECUTOR_CLOSED'])
  })

  test('accepts none of the calls that wait when it is shut down', async () => {
    const { lines } = await runScript(
      'require',
      scriptOf(
        `executor.run(tasks, 'echo', [0])
         raise(20)
         while (Atomics.load(words, 21) === 0) Atomics.wait(words, 21, 0, 10)
         const calls = [1, 2].map(i => executor.runAsync(tasks, 'log', [words, i]))
         raise(22)
         const codes = await Promise.all(calls.map(call => call.catch(error => error.code)))
         say(codes.join() + ' finished ' + words[4])
         raise(23)`,
        `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 1 })
         const thread = start(executor.handle(), 1)
         awaitWord(20, 1)
         for (let i = 0; i < 2; i++) executor.submit(tasks, 'hold', [words])
         Atomics.store(words, 21, 1)
         awaitWord(22, 1)
         executor.shutdown({ wait: false })
         awaitWord(23, 1) // they are told before there is space
         Atomics.store(words, 0, 1)
         Atomics.notify(words, 0)
         await ended(thread)
         say('logged ' + words[5])`,
      ),
    )
    expect(lines).toEqual(['ERR_EXECUTOR_CLOSED,ERR_EXECUTOR_CLOSED finished 0', 'logged 0'])
  })
})

describe('what is unfinished when the owner goes', () => {
  const guest = `
    const futures = [executor.submit(tasks, 'hold', [words]), executor.submit(tasks, 'echo', [1])]
    executor.submit(tasks, 'echo', [2]).cancel()
    raise(20)
    for (const future of futures) {
      const { code, reason } = future.error(10_000)
      say(reason === undefined ? code : code + ' ' + reason)
    }`

  test.each([
    ['shutdown', 'executor.shutdown({ timeout: 50 })'],
    ['shutdownAsync', 'await executor.shutdownAsync({ timeout: 50 })'],
    [
      'shutdown with a task of its own',
      'say(executor.submit(() => new Promise(() => {})).id); executor.shutdown({ timeout: 50 })',
    ],
  ])('ends with its %s after the timeout, and both sides say so', async (_how, end) => {
    const { lines, stderr, code } = await runScript(
      'require',
      scriptOf(
        guest,
        `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 3, name: 'common', onError: 'ignore' })
         const thread = start(executor.handle(), 1)
         awaitWord(20, 1)
         awaitWord(3, 1)
         ${end}
         await ended(thread)`,
      ),
    )
    expect(lines.slice(-2)).toEqual(['ERR_EXECUTOR_CLOSED', 'ERR_EXECUTOR_CLOSED'])
    expect(stderr).toContain(
      "async-pool-executor: 2 tasks of other threads ended with executor 'common', unfinished",
    )
    expect(code).toBe(1)
  })

  test('is nothing that a thread has left behind that is gone', async () => {
    const { lines, stderr, code } = await runScript(
      'require',
      scriptOf(
        "executor.submit(tasks, 'hold', [words]); executor.submit(tasks, 'echo', [1]); raise(20)",
        `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 3 })
         const threads = [1, 2].map(number => start(executor.handle(), number))
         awaitWord(20, 2)
         await Promise.all(threads.map(thread => thread.terminate()))
         executor.shutdown({ timeout: 3000 })
         say('done')`,
      ),
    )
    expect({ lines, stderr, code }).toEqual({ lines: ['done'], stderr: '', code: 0 })
  })

  test.each(['process.exit()', 'terminate'])('ends with its thread by %s, and says so', async how => {
    const { lines } = await runScript(
      'require',
      `const source = \`
         const { AsyncPoolExecutor } = require('async-pool-executor')
         const { parentPort } = require('node:worker_threads')
         parentPort.postMessage(new AsyncPoolExecutor({ size: 1, queueSize: 2, name: 'common' }).handle())
         parentPort.once('message', () => process.exit())\`
       const owner = new Worker(source, { eval: true })
       owner.once('message', handle => {
         const executor = AsyncPoolExecutor.attach(handle)
         const words = new Int32Array(new SharedArrayBuffer(4096))
         const futures = [executor.submit(tasks, 'hold', [words]), executor.submit(tasks, 'echo', [1])]
         while (words[3] === 0) Atomics.wait(words, 3, 0, 10)
         ${how === 'terminate' ? 'owner.terminate()' : 'owner.postMessage(0)'}
         for (const future of futures) say(future.error(10_000).message.replace(/ [(]task .*[)]/, ''))
       })`,
    )
    expect(lines).toEqual([
      'the worker died while it was running tasks.mjs#hold: the thread that owns it has ended',
      "executor 'common' is broken, the thread that owns it has ended",
    ])
  })
})

describe('what never settles is recognized, though the executor is shared:', () => {
  const never = file('never.mjs', 'await new Promise(() => {}); export const value = () => 1')
  const setUp = file('set-up.mjs', 'export const setUp = () => new Promise(() => {})')

  function attachedTo(owner) {
    const guest = AsyncPoolExecutor.attach(owner.handle())
    onTestFinished(() => {
      guest.shutdown({ timeout: 2_000 })
    })
    return guest
  }

  test('a top-level await, and the worker serves all callers on', () => {
    const owner = createExecutor({ size: 2 })
    const guest = attachedTo(owner)
    for (const executor of [owner, guest, owner]) {
      const loading = executor.submit(never, 'value')
      expect(loading.error(5_000).message).toContain('never settles')
      expect(guest.run(tasks, 'echo', [1])).toBe(1)
      expect(owner.run(tasks, 'echo', [2])).toBe(2)
    }
  })

  test('an initializer', () => {
    const initializer = { module: setUp, fn: 'setUp' }
    const owner = createExecutor({ initializer, restart: false, onError: 'ignore' })
    const guest = attachedTo(owner)
    expect(thrownBy(() => owner.run(tasks, 'echo', [1], { submitTimeout: 5_000 }))).toMatchObject({
      code: 'ERR_BROKEN_EXECUTOR',
      cause: { message: expect.stringContaining('never settles') },
    })
    expect(thrownBy(() => guest.run(tasks, 'echo', [1])).code).toBe('ERR_BROKEN_EXECUTOR')
  })
})

test('a worker that hangs is ended while its owner is idle', async () => {
  const { lines } = await runScript(
    'require',
    scriptOf(
      `executor.run(tasks, 'echo', [1])
       say(executor.submit(() => { for (;;); }).error(5_000).code)
       say(executor.run(tasks, 'echo', ['on'], { submitTimeout: 5_000 }))`,
      `const executor = new AsyncPoolExecutor({ hangTimeout: 100 })
       const thread = start(executor.handle(), 1)
       await ended(thread)`,
    ),
  )
  expect(lines).toEqual(['ERR_WORKER_DIED', 'on'])
})

describe('in each thread that shares an executor', () => {
  test('stats and join are of its own tasks, and restarts of the worker', () => {
    const owner = createExecutor({ size: 2, restart: true, onError: 'ignore' })
    owner.run(tasks, 'echo', [0])
    const guest = AsyncPoolExecutor.attach(owner.handle(), { onError: 'ignore' })
    onTestFinished(() => {
      guest.shutdown()
    })
    const signals = createSignals()
    const held = guest.submit(tasks, 'hold', [signals])
    awaitSignal(signals, Signal.Started, 1)
    expect(guest.stats()).toMatchObject({ running: 1, tasks: [{ id: held.id }], restarts: 0 })
    expect(owner.stats()).toMatchObject({ running: 0, tasks: [], restarts: 0 })
    expect(owner.join()).toBe(true)
    expect(held.state).toBe('running')
    openGate(signals)
    held.result()
    expect(owner.submit(() => process.exit(3)).error()).toMatchObject({ code: 'ERR_WORKER_DIED' })
    expect(owner.run(tasks, 'echo', [1])).toBe(1)
    expect(guest.run(tasks, 'echo', [2])).toBe(2)
    for (const executor of [owner, guest]) expect(executor.stats().restarts).toBe(1)
  })

  test('restarts count from the first worker on, though it was shared before it had one', () => {
    const owner = createExecutor(1)
    const guest = AsyncPoolExecutor.attach(owner.handle())
    onTestFinished(() => {
      guest.shutdown()
    })
    expect(guest.stats().restarts).toBe(0)
    expect(guest.submit(() => process.exit(3)).error()).toMatchObject({ code: 'ERR_WORKER_DIED' })
    expect(owner.run(tasks, 'echo', [1])).toBe(1)
    expect(guest.stats().restarts).toBe(1)
  })
})

describe('attach', () => {
  test('refuses what is no handle, by name', () => {
    for (const handle of [undefined, null, 5, {}, { asyncPoolExecutor: {} }])
      expect(thrownBy(() => AsyncPoolExecutor.attach(handle))).toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringContaining('"handle"'),
      })
  })

  test('refuses to be used inside the worker that it leads to', async () => {
    const path = file(
      'inside.mjs',
      `import { AsyncPoolExecutor } from 'async-pool-executor'
       export const nested = handle => AsyncPoolExecutor.attach(handle).run('node:path', 'basename', ['/a'])`,
    )
    const executor = new AsyncPoolExecutor()
    expect(thrownBy(() => executor.run(path, 'nested', [executor.handle()]))).toMatchObject({
      code: 'ERR_DEADLOCK',
    })
    executor.shutdown()
  })
})

describe('what an attached executor is to move is copied', () => {
  function attached() {
    const owner = createExecutor(2)
    const executor = AsyncPoolExecutor.attach(owner.handle())
    onTestFinished(() => {
      executor.shutdown()
    })
    return executor
  }

  const inThreeBytes = new Uint8Array([1, 2, 3])
  const remotes = new URL('remote.mjs', fixtures)
  /** Each gives what arrives of a buffer. */
  const ways = {
    'run, before there is an answer': (executor, buffer) =>
      executor.run(tasks, 'echo', [buffer], { transferList: [buffer] }),
    runAsync: async (executor, buffer) => {
      await executor.runAsync(tasks, 'echo', [0])
      return executor.runAsync(tasks, 'echo', [buffer], { transferList: [buffer] })
    },
    offload: (executor, buffer) =>
      executor.runAsync(tasks, 'echo', [buffer], { transferList: [buffer], offload: true }),
    stream: (executor, buffer) => {
      const echo = function* (item) {
        yield item
      }
      return [...executor.stream(echo, [buffer], { transferList: [buffer] })][0]
    },
    'Comlink.transfer': (executor, buffer) =>
      executor.remote(remotes).giveBack(Comlink.transfer(buffer, [buffer])),
    'transfer from a callback': (executor, buffer) =>
      executor.runAsync(give => give(), [callback(() => transfer(buffer, [buffer]))]),
    'Comlink.transfer from a callback': async (executor, buffer) => {
      const give = Comlink.proxy(() => Comlink.transfer(buffer, [buffer]))
      return (await executor.remote(remotes).each([0], give))[0]
    },
  }

  test.each(Object.keys(ways))('by %s', async name => {
    const { buffer } = inThreeBytes.slice()
    const arrived = await ways[name](attached(), buffer)
    expect(new Uint8Array(arrived)).toEqual(inThreeBytes)
    expect(buffer.byteLength).toBe(3)
  })

  test('and refused, with its place, if it can only be moved', () => {
    const { port1, port2 } = new MessageChannel()
    onTestFinished(() => port2.close())
    const error = thrownBy(() => attached().run(tasks, 'echo', [{ port1 }], { transferList: [port1] }))
    expect(error).toBeInstanceOf(NotCloneableError)
    expect(error.message).toContain('args[0].port1 is a MessagePort')
  })

  test('a task that cannot be sent again gives back no place that it never had', () => {
    const executor = createExecutor({ size: 1, queueSize: 3, onError: 'ignore' })
    executor.handle()
    const signals = createSignals()
    const dying = executor.submit(
      async words => {
        await Atomics.waitAsync(words, 0, 0).value
        process.exit(3)
      },
      [signals],
    )
    const changed = [{}, {}]
    const queued = changed.map(value => executor.submit(tasks, 'echo', [value]))
    for (const value of changed) value.late = () => {}
    openGate(signals)
    expect(dying.error().code).toBe('ERR_WORKER_DIED')
    for (const future of queued) expect(future.error().code).toBe('ERR_NOT_CLONEABLE')
    const { open } = occupy(executor)
    for (let place = 0; place < 3; place++) executor.submit(tasks, 'echo', [place])
    const refused = thrownBy(() => executor.submit(tasks, 'echo', [3], { submitTimeout: 100 }))
    expect(refused.code).toBe('ERR_QUEUE_FULL')
    open()
  })
})
