import { createRequire } from 'node:module'
import { afterEach, describe, expect, test } from 'vitest'
import { Word } from './fixtures/stalls.mjs'

const { AsyncPoolExecutor, workers } = createRequire(import.meta.url)('./support/package.cjs')
const tasks = new URL('fixtures/stalls.mjs', import.meta.url)
const longest = 10_000

const executors = []
function create(options) {
  const executor = new AsyncPoolExecutor({ onError: 'ignore', ...options })
  executors.push(executor)
  return executor
}
/** With its module loaded, which counts as running time of the first task, and takes what time it takes. */
function createReady(options) {
  const executor = create(options)
  executor.run(tasks, 'value', [0])
  return executor
}
afterEach(() => {
  for (const executor of executors.splice(0)) executor.shutdown({ timeout: 0 })
  process.exitCode = 0 // a shutdown that gives up says so
})

const sharedWords = () => new Int32Array(new SharedArrayBuffer(32))
const awaitWord = (words, word) => expect(Atomics.wait(words, word, 0, longest)).not.toBe('timed-out')
const code = call => {
  try {
    return call()
  } catch (error) {
    return error.code
  }
}

describe('timeout', () => {
  test('aborts the signal of the task, and rejects on time', () => {
    const words = sharedWords()
    const executor = createReady()
    const future = executor.submit(tasks, 'obey', [words], { timeout: 50 })
    expect(code(() => future.result(longest))).toBe('ERR_TIMEOUT')
    awaitWord(words, Word.Aborted)
  })

  test('of a task that ignores its signal: it keeps its slot until it ends, and stats show it', () => {
    const words = sharedWords()
    const executor = createReady({ name: 'late', size: 1, queueSize: 1 })
    const future = executor.submit(tasks, 'ignore', [words], { timeout: 100 })
    const next = executor.submit(tasks, 'value', [1])
    const expected = `stalls.mjs#ignore (task ${future.id} of executor 'late') took longer than its timeout of 100 ms`
    expect(future.error(longest)).toMatchObject({
      code: 'ERR_TIMEOUT',
      message: expect.stringContaining(expected),
    })
    expect(executor.stats()).toMatchObject({ running: 1, queued: 1, failed: 1 })
    expect(executor.stats().tasks).toMatchObject([{ id: future.id, name: 'stalls.mjs#ignore' }])
    expect(next.state).toBe('queued')
    Atomics.store(words, Word.Release, 1)
    expect(next.result(longest)).toBe(1)
    expect(words[Word.Ended]).toBe(1)
    expect(executor.stats()).toMatchObject({ running: 0, completed: 2, failed: 1 })
  })

  test('rejects even while another task keeps the event loop to itself', () => {
    const executor = create({ size: 2 })
    const future = executor.submit(tasks, 'sleep', [2 ** 30], { timeout: 100 })
    executor.submit(tasks, 'block')
    expect(code(() => future.result(longest))).toBe('ERR_TIMEOUT')
  })
})

describe('hangTimeout', () => {
  test('kills and replaces a worker that stands still; queued tasks run', () => {
    const executor = create({ size: 1, queueSize: 3, hangTimeout: 100 })
    const future = executor.submit(tasks, 'block')
    const next = executor.submit(tasks, 'value', [1])
    expect(() => future.result()).toThrow(
      expect.objectContaining({
        code: 'ERR_WORKER_DIED',
        reason: expect.stringMatching(/hangTimeout of 100 ms/),
      }),
    )
    expect(next.result(longest)).toBe(1)
    expect(executor.stats().restarts).toBe(1)
  })

  test('is seen by whoever awaits a promise', async () => {
    const promise = create({ hangTimeout: 100 }).submit(tasks, 'block').promise()
    await expect(promise).rejects.toMatchObject({ code: 'ERR_WORKER_DIED' })
  })

  test('leaves a worker alone that waits, for however long', () => {
    const executor = create({ hangTimeout: 100 })
    expect(executor.run(tasks, 'sleep', [500])).toBe(500)
    expect(executor.stats().restarts).toBe(0)
  })

  test.each(['shutdown', 'shutdownAsync'])('ends a loop in an exit hook of the worker (%s)', async method => {
    const executor = create({ hangTimeout: 200 })
    executor.run(tasks, 'loopAtExit')
    expect(await executor[method]()).toMatchObject({ completed: 1 })
  })
})

describe('shutdown with a timeout', () => {
  test.each(['obey', 'block'])('ends on time, and kills what is left (%s)', fn => {
    const executor = create({ size: 2 })
    const words = sharedWords()
    const future = executor.submit(tasks, fn, [words])
    const start = performance.now()
    expect(executor.shutdown({ timeout: 100 })).toMatchObject({ abandoned: 1 })
    expect(performance.now() - start).toBeLessThan(5_000)
    expect(code(() => future.result(0))).toBe('ERR_EXECUTOR_CLOSED')
    expect(process.exitCode).toBe(1)
  })
})

describe('cancel', () => {
  test('aborts the signal of a running task, settles the future, and leaves neighbours alone', () => {
    const words = sharedWords()
    const executor = create({ size: 2 })
    const neighbour = executor.submit(tasks, 'sleep', [100])
    const future = executor.submit(tasks, 'obey', [words])
    awaitWord(words, Word.Started)
    expect(future.cancel('enough')).toBe(true)
    expect([future.state, code(() => future.result(0))]).toEqual(['cancelled', 'ERR_CANCELLED'])
    awaitWord(words, Word.Aborted)
    expect(neighbour.result(longest)).toBe(100)
    expect(executor.stats()).toMatchObject({ running: 0, cancelled: 1, completed: 1, restarts: 0 })
  })

  test('of a task whose module is still loading: its function is not called any more', () => {
    const words = sharedWords()
    const executor = create()
    const future = executor.submit(new URL('fixtures/failing/slow-timer.mjs', import.meta.url), 'count', [
      words,
    ])
    while (future.state === 'queued') Atomics.wait(words, Word.Release, 0, 1)
    expect(future.cancel()).toBe(true)
    while (executor.stats().running > 0) Atomics.wait(words, Word.Release, 0, 1)
    expect(words[Word.Started]).toBe(0)
  })

  test('racing with a timeout and with completion settles a future once', () => {
    const executor = create({ size: 4 })
    const states = {}
    for (let round = 0; round < 300; round++) {
      let settled = 0
      const future = executor.submit(tasks, 'sleep', [1 + (round % 3)], { timeout: 1 + (round % 4) })
      future.onDone(() => settled++)
      while (round % 2 === 0 && future.state === 'queued');
      for (const end = performance.now() + (round % 50) / 10; performance.now() < end; );
      const cancelled = future.cancel()
      const outcome = code(() => future.result(longest))
      executor.join(longest)
      expect({ settled, cancelled }).toEqual({ settled: 1, cancelled: outcome === 'ERR_CANCELLED' })
      states[future.state] = (states[future.state] ?? 0) + 1
    }
    const { completed, failed, cancelled } = executor.stats()
    console.log('cancel, timeout and completion racing:', states)
    expect(completed + failed + cancelled).toBe(300)
  })
})

describe('stats', () => {
  test('name the tasks that run on after a cancel, however many were cancelled', () => {
    const words = sharedWords()
    const executor = create({ size: 2, queueSize: 500 })
    const running = [1, 2].map(() => executor.submit(tasks, 'ignore', [words]))
    while (words[Word.Started] < 2) Atomics.wait(words, Word.Started, words[Word.Started], longest)
    for (const future of running) future.cancel()
    const queued = Array.from({ length: 500 }, () => executor.submit(tasks, 'value', [1]))
    for (const future of queued) future.cancel()
    const named = running.map(({ id }) => expect.objectContaining({ id, name: 'stalls.mjs#ignore' }))
    const { tasks: stillRunning } = executor.stats()
    expect(stillRunning).toHaveLength(2)
    expect(stillRunning).toEqual(expect.arrayContaining(named))
    Atomics.store(words, Word.Release, 1)
    expect(executor.join(longest)).toBe(true)
    expect(executor.stats().tasks).toEqual([])
  })

  test('notice by themselves that a worker has died', () => {
    const words = sharedWords()
    const executor = create()
    const future = executor.submit(tasks, 'exitWhenReleased', [words, 3])
    awaitWord(words, Word.Started)
    Atomics.store(words, Word.Release, 1)
    const deadline = performance.now() + longest
    while (executor.stats().running > 0 && performance.now() < deadline);
    expect(executor.stats()).toMatchObject({ running: 0, failed: 1, tasks: [] })
    expect(future.error(0)).toMatchObject({ code: 'ERR_WORKER_DIED' })
  })
})

describe('a restart', () => {
  test('loses the state of modules, and runs the initializer again', () => {
    const words = sharedWords()
    const executor = create({ initializer: { module: tasks, fn: 'initialize', args: [words] } })
    expect([1, 2].map(() => executor.run(tasks, 'count'))).toEqual([1, 2])
    expect(code(() => executor.run(tasks, 'exit', [3]))).toBe('ERR_WORKER_DIED')
    expect(executor.run(tasks, 'count')).toBe(1)
    expect(words[Word.State]).toBe(2)
  })

  test('too many break the executor, with everything settled', () => {
    const executor = create({ size: 1, queueSize: 5, restart: { max: 2, within: 60_000 } })
    const deadly = [1, 2, 3].map(() => executor.submit(tasks, 'exit', [3]))
    const queued = executor.submit(tasks, 'value', [1])
    expect(executor.join(longest)).toBe(true)
    expect(deadly.map(future => future.error().code)).toEqual(Array(3).fill('ERR_WORKER_DIED'))
    expect(queued.error()).toMatchObject({ code: 'ERR_BROKEN_EXECUTOR' })
    expect(code(() => executor.submit(tasks, 'value'))).toBe('ERR_BROKEN_EXECUTOR')
  })

  test('does not blame an earlier death of which the event loop hears later', async () => {
    const executor = create()
    expect(code(() => executor.run(tasks, 'throwLater'))).toBe('ERR_WORKER_DIED')
    await new Promise(resolve => workers.at(-1).once('exit', resolve)) // its 'error' comes before
    const { exitCode, reason, cause } = executor.submit(tasks, 'exit', [3]).error(longest)
    expect({ exitCode, reason, cause }).toEqual({
      exitCode: 3,
      reason: 'it exited with code 3',
      cause: undefined,
    })
  })

  test('does not blame an error that the worker has survived', () => {
    const executor = create()
    executor.submit(tasks, 'survive').result()
    const { exitCode, reason, cause } = executor.submit(tasks, 'exit', [3]).error(longest)
    expect({ exitCode, reason, cause }).toEqual({
      exitCode: 3,
      reason: 'it exited with code 3',
      cause: undefined,
    })
  })

  test('cannot leave a task behind whose arguments close the executor', () => {
    const executor = create()
    executor.run(tasks, 'value', [1])
    const item = {
      get closes() {
        executor.shutdown({ timeout: 1_000 })
        return true
      },
    }
    // Refused or done, but not forgotten.
    expect(code(() => executor.submit(tasks, 'value', [item]).result(2_000))).not.toBe('ERR_TIMEOUT')
  })

  test('sends a task on whose arguments were being read when it died', () => {
    const executor = create()
    executor.run(tasks, 'value', [1])
    let reads = 0
    const item = {
      get seen() {
        if (reads++ === 0) {
          workers.at(-1).terminate()
          expect(executor.submit(tasks, 'exit', [3]).error(longest)).toMatchObject({
            code: 'ERR_WORKER_DIED',
          })
        }
        return reads > 0
      },
    }
    expect(executor.submit(tasks, 'value', [item]).result(longest)).toEqual({ seen: true })
  })
})
