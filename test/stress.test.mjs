import { describe, expect, test } from 'vitest'
import { runScript } from './child.mjs'

const deadline = { deadline: 55_000 }
// V8's young generation grows to 48 MB and back as it likes, on top of anything that leaks: kept small, it hides nothing.
const withGc = { ...deadline, flags: ['--expose-gc', '--max-semi-space-size=2'] }

/** Says how much memory has grown since a first part of the work; garbage that can go has gone by then. */
const memory = `
  const collected = () => { gc(); gc(); return process.memoryUsage().rss / 2 ** 20 }
  let base = 0
  const settle = () => { base = collected() }
  const grown = () => Math.round(collected() - base)`

describe('a million calls', () => {
  test('in a run loop each give their own result', async () => {
    const { lines, code } = await runScript(
      'require',
      `const executor = new AsyncPoolExecutor(10)
       let wrong = 0
       for (let i = 0; i < 1_000_000; i++) if (executor.run(tasks, 'echoSync', [i]) !== i) wrong++
       say('wrong ' + wrong)
       say(JSON.stringify(executor.stats()))`,
      deadline,
    )
    expect(lines[0]).toBe('wrong 0')
    expect(JSON.parse(lines[1])).toMatchObject({
      completed: 1_000_000,
      failed: 0,
      queued: 0,
      running: 0,
      restarts: 0,
    })
    expect(code).toBe(0)
  })

  test('submitted, each result arrives exactly once and in order, and never more than size run', async () => {
    const { lines, code } = await runScript(
      'import',
      `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 100 })
       const total = 1_000_000
       let next = 0, wrong = 0, mostRunning = 0, mostQueued = 0
       const check = future => { if (future.result(0) !== next++) wrong++ }
       for (let i = 0; i < total; i++) {
         executor.submit(tasks, 'echoSync', [i]).onDone(check)
         if (i % 100 === 0) {
           const { running, queued } = executor.stats()
           mostRunning = Math.max(mostRunning, running)
           mostQueued = Math.max(mostQueued, queued)
         }
       }
       executor.join()
       say(JSON.stringify({ next, wrong, mostRunning, mostQueued }))`,
      deadline,
    )
    const { next, wrong, mostRunning, mostQueued } = JSON.parse(lines[0])
    expect({ next, wrong }).toEqual({ next: 1_000_000, wrong: 0 })
    expect(mostRunning).toBeLessThanOrEqual(1)
    expect(mostQueued).toBeLessThanOrEqual(100)
    expect(code).toBe(0)
  })
})

describe('stats', () => {
  test('read at any moment never leave their bounds', async () => {
    const { lines } = await runScript(
      'require',
      `const executor = new AsyncPoolExecutor({ size: 3, queueSize: 1000 })
       let least = 0, mostRunning = 0, mostQueued = 0
       const look = () => {
         const { running, queued } = executor.stats()
         least = Math.min(least, running, queued)
         mostRunning = Math.max(mostRunning, running)
         mostQueued = Math.max(mostQueued, queued)
       }
       for (let i = 0; i < 200_000; i++) {
         executor.submit(tasks, i % 3 ? 'echoSync' : 'echo', [i])
         if (i % 1000 === 999) for (let looks = 0; looks < 10_000; looks++) look()
       }
       say(JSON.stringify({ least, mostRunning, mostQueued }))`,
      deadline,
    )
    const { least, mostRunning, mostQueued } = JSON.parse(lines[0])
    expect(least).toBe(0)
    expect(mostRunning).toBeLessThanOrEqual(3)
    expect(mostQueued).toBeLessThanOrEqual(1000)
  })
})

describe('cancel', () => {
  test('of very many queued tasks, the newest first, does not keep the worker from its work', async () => {
    const { lines } = await runScript(
      'require',
      `const executor = new AsyncPoolExecutor({ size: 2, queueSize: 100_000 })
       const words = new Int32Array(new SharedArrayBuffer(64))
       for (let i = 0; i < 2; i++) executor.submit(tasks, 'hold', [words])
       while (words[3] < 2);
       const futures = []
       for (let i = 0; i < 80_000; i++) futures.push(executor.submit(tasks, 'echoSync', [i]))
       for (const future of futures.reverse()) future.cancel()
       Atomics.store(words, 0, 1)
       Atomics.notify(words, 0)
       say(executor.run(tasks, 'echo', ['on time']))`,
      { deadline: 10_000 },
    )
    expect(lines).toEqual(['on time'])
  })
})

describe('several executors at once', () => {
  test('under load from one thread keep order and sizes', async () => {
    const { lines, code } = await runScript(
      'require',
      `const executors = [1, 3, 10].map((size, i) => ({
         executor: new AsyncPoolExecutor({ size, queueSize: i * 5 }),
         words: new Int32Array(new SharedArrayBuffer(64)),
         futures: [],
       }))
       for (let i = 0; i < 30_000; i++) {
         const { executor, words, futures } = executors[i % 3]
         futures.push(executor.submit(tasks, 'turns', [words, i % 2, i]))
       }
       for (const [which, { executor, words, futures }] of executors.entries()) {
         const values = gather(futures)
         const wrong = values.filter((value, i) => value !== i * 3 + which).length
         say([wrong, words[2] <= executor.size, words[4], executor.stats().completed].join(' '))
       }`,
      deadline,
    )
    expect(lines).toEqual(Array(3).fill('0 true 10000 10000'))
    expect(code).toBe(0)
  })

  test('in several threads', async () => {
    const { lines, code } = await runScript(
      'require',
      `const { isMainThread, workerData } = require('node:worker_threads')
       const name = isMainThread ? 'main' : workerData
       if (isMainThread) for (const workerData of ['a', 'b', 'c']) new Worker(__filename, { workerData })
       const executor = new AsyncPoolExecutor({ size: 4, queueSize: 4 })
       let sum = 0
       for (let i = 0; i < 5_000; i++) sum += executor.run(tasks, 'echoSync', [1])
       let mapped = 0
       for (const value of executor.map(tasks, 'echo', Array(5_000).fill(1))) mapped += value
       say(name + ' ' + sum + ' ' + mapped)`,
      deadline,
    )
    expect(lines.sort()).toEqual(['a 5000 5000', 'b 5000 5000', 'c 5000 5000', 'main 5000 5000'])
    expect(code).toBe(0)
  })
})

describe('memory stays flat in one synchronous loop', () => {
  test('of a million submits whose futures nobody holds', async () => {
    const { lines, code } = await runScript(
      'require',
      `${memory}
       const executor = new AsyncPoolExecutor({ size: 10, queueSize: 10 })
       for (let i = 0; i < 1_000_000; i++) {
         if (i === 100_000) settle()
         executor.submit(tasks, 'echoSync', [{ i }])
       }
       say('grown ' + grown())`,
      withGc,
    )
    expect(Number(lines[0].split(' ')[1]), 'MB grown').toBeLessThan(32)
    expect(code).toBe(0)
  })

  test('of 200,000 failing tasks that nobody reads', async () => {
    const { lines, stderr, code } = await runScript(
      'require',
      `${memory}
       const executor = new AsyncPoolExecutor({ size: 10, queueSize: 10 })
       for (let i = 0; i < 200_000; i++) {
         if (i === 20_000) settle()
         executor.submit(tasks, 'fail', ['unread', 'E_' + i])
       }
       executor.join()
       say('grown ' + grown())
       say('failed ' + executor.stats().failed)`,
      withGc,
    )
    expect(Number(lines[0].split(' ')[1]), 'MB grown').toBeLessThan(32)
    expect(lines[1]).toBe('failed 200000')
    expect(code).toBe(0)
    expect(stderr).toContain('Error: unread')
  })

  test('of 200,000 tasks that fail each with a message of its own', async () => {
    const { lines, code } = await runScript(
      'require',
      `${memory}
       const executor = new AsyncPoolExecutor({ size: 10, queueSize: 10 })
       for (let i = 0; i < 200_000; i++) {
         if (i === 20_000) settle()
         executor.submit(tasks, 'fail', ['unread number ' + i])
       }
       executor.join()
       say('grown ' + grown())`,
      { ...withGc, stdio: ['ignore', 'pipe', 'ignore'] },
    )
    expect(Number(lines[0].split(' ')[1]), 'MB grown').toBeLessThan(32)
    expect(code).toBe(0)
  })

  test('of 300,000 tasks with callbacks, of which a third is cancelled', async () => {
    const { lines, code } = await runScript(
      'require',
      `${memory}
       const executor = new AsyncPoolExecutor({ size: 10, queueSize: 10 })
       let calls = 0
       for (let i = 0; i < 300_000; i++) {
         if (i === 30_000) settle()
         const future = executor.submit(tasks, 'echo', [i])
         future.onDone(() => calls++)
         if (i % 3 === 0) future.cancel()
       }
       executor.join()
       say('grown ' + grown())
       say('calls ' + calls)`,
      withGc,
    )
    expect(Number(lines[0].split(' ')[1]), 'MB grown').toBeLessThan(32)
    expect(lines[1]).toBe('calls 300000')
    expect(code).toBe(0)
  })

  test('of waits that time out on a future that stays pending', async () => {
    const { lines, code } = await runScript(
      'require',
      `${memory}
       const executor = new AsyncPoolExecutor(2)
       const words = new Int32Array(new SharedArrayBuffer(64))
       const held = executor.submit(tasks, 'hold', [words])
       for (let i = 0; i < 100_000; i++) {
         if (i === 20_000) settle()
         wait([held], { timeout: 0 })
         try { for (const future of asCompleted([held], { timeout: 0 })) say('never') } catch {}
         try { if (i % 10 === 0) held.result(0) } catch {}
       }
       say('grown ' + grown())
       Atomics.store(words, 0, 1)
       Atomics.notify(words, 0)`,
      withGc,
    )
    expect(Number(lines[0].split(' ')[1]), 'MB grown').toBeLessThan(32)
    expect(lines).toHaveLength(1)
    expect(code).toBe(0)
  })
})
