import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { reportOf, runOffloading } from './support/script.mjs'

const preload = fileURLToPath(new URL('fixtures/preload.cjs', import.meta.url))

/** Ends a computation by `end`, beside another one in a second thread, and says what becomes of both. */
function endingOne(options, end) {
  return `
    const executor = new AsyncPoolExecutor({ size: 4, cpuThreads: 2 })
    const [neighbour] = holdThreads(executor, 1)
    executor.run(cpu, 'thread', [], offload) // starts the other thread and loads the module
    const { port, gone } = portOfThread()
    const future = executor.submit(cpu, 'keepAndBeat', [port, words], { offload: true, transferList: [port], ...${options} })
    until(Started, 2)
    ${end}
    const failure = failureOf(future)
    await gone
    const beats = beatsWhile(() => executor.run(cpu, 'thread', [], offload))
    openGate()
    report({ failure, beats, neighbour: neighbour.result(), state: future.state, joined: executor.join(5_000) })`
}

describe('a computation that is cut short', () => {
  test('by cancel really stops, and its neighbour goes on', async () => {
    const { failure, beats, neighbour, state, joined } = await reportOf(
      endingOne('{}', "future.cancel('why')"),
    )
    expect(failure).toMatchObject({ name: 'CancelledError', code: 'ERR_CANCELLED' })
    expect({ beats, neighbour, state, joined }).toEqual({
      beats: 0,
      neighbour: 0,
      state: 'cancelled',
      joined: true,
    })
  })

  test('by its timeout really stops, and its neighbour goes on', async () => {
    const { failure, beats, neighbour, state, joined } = await reportOf(endingOne('{ timeout: 1_000 }', ''))
    expect(failure).toMatchObject({ name: 'TimeoutError', code: 'ERR_TIMEOUT' })
    expect(failure.message).toContain('longer than its timeout of 1000 ms')
    expect({ beats, neighbour, state, joined }).toEqual({
      beats: 0,
      neighbour: 0,
      state: 'rejected',
      joined: true,
    })
  })

  test("by the executor's timeout, or by a signal, too", async () => {
    const { byTimeout, bySignal } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 2, timeout: 50 })
      const byTimeout = failureOf(executor.submit(cpu, 'beat', [words], offload))
      const controller = new AbortController()
      const future = executor.submit(cpu, 'beat', [words], { offload: true, timeout: 60_000, signal: controller.signal })
      setTimeout(() => controller.abort('enough'))
      const bySignal = await future.promise().catch(({ name, cause }) => ({ name, cause }))
      report({ byTimeout, bySignal, joined: executor.join() })`)
    expect(byTimeout).toMatchObject({ name: 'TimeoutError' })
    expect(bySignal).toEqual({ name: 'CancelledError', cause: 'enough' })
  })

  test('holds its slot until its thread is gone', async () => {
    const { running, tried } = await reportOf(`
      const executor = new AsyncPoolExecutor({ size: 1, queueSize: 0, cpuThreads: 1 })
      const { pbkdf2Sync } = await import('node:crypto')
      // A call into C++ cannot be interrupted.
      const future = executor.submit('node:crypto', 'pbkdf2Sync', ['a', 'b', 1_000_000, 64, 'sha512'], offload)
      while (executor.stats().tasks.every(({ age }) => age < 30)) executor.trySubmit(cpu, 'echo')
      future.cancel()
      const { running } = executor.stats()
      const tried = executor.trySubmit(cpu, 'echo') === undefined
      executor.join()
      report({ running, tried, then: executor.run(cpu, 'echo', [1], offload) })`)
    expect({ running, tried }).toEqual({ running: 1, tried: true })
  })

  test('while it waits for a thread never starts, and costs no thread', async () => {
    const { cancelled, after, threads } = await reportOf(`
      const executor = new AsyncPoolExecutor({ size: 4, cpuThreads: 1 })
      const first = executor.run(cpu, 'thread', [], offload)
      const [held] = holdThreads(executor, 1)
      const waiting = executor.submit(cpu, 'log', [words, 1], offload)
      while (executor.stats().running < 2);
      waiting.cancel()
      while (executor.stats().running > 1);
      openGate()
      held.result()
      report({ cancelled: waiting.state, after: words[Logged], threads: [first, executor.run(cpu, 'thread', [], offload)] })`)
    expect({ cancelled, after }).toEqual({ cancelled: 'cancelled', after: 0 })
    expect(threads[0]).toBe(threads[1])
  })

  test('in the turn in which it starts never comes to a thread', async () => {
    const { joined, started } = await reportOf(`
      const executor = new AsyncPoolExecutor({ size: 4, cpuThreads: 1 })
      executor.run(cpu, 'thread', [], offload) // loads what offloads
      const holds = [0, 1].map(() => new Int32Array(new SharedArrayBuffer(64)))
      executor.submit(cpu, 'hold', [holds[0]]) // not offloaded: the worker stands still
      while (Atomics.load(holds[0], Started) === 0);
      const future = executor.submit(cpu, 'beat', [words], offload)
      executor.submit(cpu, 'hold', [holds[1]])
      const open = hold => { Atomics.store(hold, Gate, 1); Atomics.notify(hold, Gate) }
      open(holds[0])
      while (Atomics.load(holds[1], Started) === 0); // the worker has just started both
      future.cancel()
      open(holds[1])
      report({ joined: executor.join(5_000), started: words[Started] })`)
    expect({ joined, started }).toEqual({ joined: true, started: 0 })
  })

  test('has no timeout while it waits for a thread', async () => {
    const { waited } = await reportOf(`
      const executor = new AsyncPoolExecutor({ size: 4, cpuThreads: 1 })
      holdThreads(executor, 1)
      const waiting = executor.submit(cpu, 'echo', ['in time'], { offload: true, timeout: 1_000 })
      executor.run('node:timers/promises', 'setTimeout', [1_500])
      openGate()
      report({ waited: waiting.result() })`)
    expect(waited).toBe('in time')
  })
})

describe('the death of a CPU thread', () => {
  test.each([
    ['exit', [7], { exitCode: 7, reason: 'it exited with code 7' }, undefined],
    [
      'throwInTimer',
      [],
      { exitCode: 1, reason: 'an uncaught error ended it' },
      { name: 'RangeError', message: 'from a timer', code: 'E_TIMER' },
    ],
    [
      'rejectUnseen',
      [],
      { exitCode: 1, reason: 'an uncaught error ended it' },
      { name: 'SyntaxError', message: 'nobody waits' },
    ],
    ['fillMemory', [], { reason: 'it ran out of memory' }, { code: 'ERR_WORKER_OUT_OF_MEMORY' }],
  ])('by %s fails its task alone', async (name, args, expected, cause) => {
    const { failure, neighbour, remembered, restarts, next } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 2, resourceLimits: { maxOldGenerationSizeMb: 32 } })
      executor.run(cpu, 'remember', ['state'])
      const [neighbour] = holdThreads(executor, 1)
      const failure = failureOf(executor.submit(cpu, '${name}', ${JSON.stringify(args)}, offload))
      const next = executor.run(cpu, 'double', [2], offload)
      openGate()
      report({
        failure, next,
        neighbour: neighbour.result(),
        remembered: executor.run(cpu, 'recall'),
        restarts: executor.stats().restarts,
      })`)
    expect(failure).toMatchObject({ name: 'WorkerDiedError', code: 'ERR_WORKER_DIED', ...expected })
    expect(failure.message).toContain(`the CPU thread died while it was running cpu.mjs#${name} (task 3)`)
    if (cause === undefined) expect(failure.cause).toBeUndefined()
    else expect(failure.cause).toMatchObject(cause)
    expect({ neighbour, remembered, restarts, next }).toEqual({
      neighbour: 0,
      remembered: 'state',
      restarts: 0,
      next: 4,
    })
  })

  test('lets an idempotent task run again, as often as restart says', async () => {
    const { attempt, started, failure, attempts, none } = await reportOf(`
      const idempotent = { offload: true, idempotent: true }
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, restart: { max: 2, within: 1_000 } })
      const attempt = executor.run(cpu, 'dieUntil', [words, 3], idempotent)
      const started = words[Started]
      const failure = failureOf(executor.submit(cpu, 'dieUntil', [words, 9], idempotent))
      const attempts = words[Started] - started
      const other = new AsyncPoolExecutor({ cpuThreads: 1, restart: false })
      other.submit(cpu, 'dieUntil', [words, 9], idempotent).error()
      report({ attempt, started, failure, attempts, none: words[Started] - started - attempts })`)
    expect({ attempt, started, attempts, none }).toEqual({ attempt: 3, started: 3, attempts: 3, none: 1 })
    expect(failure).toMatchObject({ name: 'WorkerDiedError', exitCode: 1 })
  })

  test('is the end of an idempotent task whose arguments were transferred', async () => {
    const { failure } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      const { port } = portOfThread()
      const options = { offload: true, idempotent: true, transferList: [port] }
      report({ failure: failureOf(executor.submit('node:process', 'exit', [4, port], options)) })
      process.exit()`)
    expect(failure).toMatchObject({ name: 'WorkerDiedError', exitCode: 4 })
  })

  test.each([
    ['exit', undefined],
    ['throw', { name: 'RangeError', message: 'at the start', code: 'E_START' }],
  ])('before it could start (%s) fails the tasks that wait for it', async (how, cause) => {
    const { failures, value } = await reportOf(`
      const env = { ...process.env, CPU_THREAD_ENDS: '${how}' }
      const executor = new AsyncPoolExecutor({ cpuThreads: 2, env, execArgv: ['--require', ${JSON.stringify(preload)}] })
      const futures = Array.from({ length: 5 }, () => executor.submit(cpu, 'echo', [1], offload))
      report({ failures: futures.map(failureOf), value: executor.run(cpu, 'echo', ['the worker lives']) })`)
    expect(failures).toHaveLength(5)
    for (const failure of failures) {
      expect(failure).toMatchObject({ name: 'WorkerDiedError', code: 'ERR_WORKER_DIED' })
      if (cause !== undefined) expect(failure.cause).toEqual(cause)
    }
    expect(value).toBe('the worker lives')
  })

  test('while it has no task is said on stderr, and fails nothing', async () => {
    const { reports, stderr, code } = await runOffloading(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      executor.run(cpu, 'dieLater', [words], offload)
      openGate()
      while (executor.stats().cpuThreads > 0) executor.run(cpu, 'echoLater')
      report(executor.run(cpu, 'echo', ['next'], offload))`)
    expect({ reports, code }).toEqual({ reports: ['next'], code: 0 })
    expect(stderr).toMatch(
      /^async-pool-executor: a CPU thread without a task died: RangeError.*: left behind\n/,
    )
  })
})

describe('the death of the worker', () => {
  test.each([
    ['exit', "executor.submit('node:process', 'exit', [3])", 3],
    ['out of memory', "executor.submit(cpu, 'fillMemory')", undefined],
    ['hangTimeout', "executor.submit(cpu, 'hold', [new Int32Array(new SharedArrayBuffer(64))])", undefined],
  ])('by %s takes its CPU threads with it; what waited runs on the next one', async (how, kill, exitCode) => {
    const { failure, again, beats, restarts, value } = await reportOf(`
      const options = { resourceLimits: { maxOldGenerationSizeMb: 32 }, hangTimeout: ${how === 'hangTimeout' ? 500 : 'undefined'}, onError: 'ignore' }
      const executor = new AsyncPoolExecutor({ size: 3, queueSize: 9, cpuThreads: 2, ...options })
      const { port, gone } = portOfThread()
      const future = executor.submit(cpu, 'keepAndBeat', [port, words], { offload: true, transferList: [port] })
      const idempotent = executor.submit(cpu, 'hold', [words, 'again'], { offload: true, idempotent: true })
      until(Started, 2)
      ${kill}
      const queued = executor.submit(cpu, 'double', [2], offload)
      const failure = failureOf(future)
      until(Started, 3)
      openGate()
      await gone
      const beats = beatsWhile(() => executor.run(cpu, 'thread', [], offload))
      report({ failure, again: idempotent.result(), beats, restarts: executor.stats().restarts, value: queued.result() })`)
    expect(failure).toMatchObject({ name: 'WorkerDiedError', ...(exitCode !== undefined && { exitCode }) })
    expect({ again, beats, restarts, value }).toEqual({ again: 'again', beats: 0, restarts: 1, value: 4 })
  })

  test('by a shutdown that gives up stops them', async () => {
    const { reports, stderr, code } = await runOffloading(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, onError: 'ignore' })
      const { port, gone } = portOfThread()
      executor.submit(cpu, 'keepAndBeat', [port, words], { offload: true, transferList: [port] })
      until(Started, 1)
      const { abandoned } = executor.shutdown({ timeout: 10 })
      await gone
      report({ abandoned, beats: beatsWhile(() => new AsyncPoolExecutor(1).run(cpu, 'echo')) })`)
    expect(reports).toEqual([{ abandoned: 1, beats: 0 }])
    expect(stderr).toContain('gave up on 1 task')
    expect(code).toBe(1)
  })
})

describe('at the end of the process', () => {
  const work = `
    const executor = new AsyncPoolExecutor({ size: 3, queueSize: 20, cpuThreads: 2 })
    for (let i = 0; i < 12; i++) executor.submit(cpu, 'print', ['task ' + i], offload)
  `

  test.each([
    ['naturally', '', 0],
    ['on process.exit in the tick of the submit', 'process.exit(6)', 6],
    ['on process.exit while they run', "executor.run(cpu, 'echo', [1], offload); process.exit(7)", 7],
    ['on an uncaught error', "throw new Error('uncaught here')", 1],
    ['after shutdown({ wait: false })', 'executor.shutdown({ wait: false }); process.exit(8)', 8],
    ['after shutdown()', 'const { completed } = executor.shutdown(); process.exit(completed)', 12],
  ])('%s all that was accepted is done', async (_how, end, code) => {
    const child = await runOffloading(`${work}${end}`)
    expect(child.lines.sort()).toEqual(Array.from({ length: 12 }, (_, i) => `task ${i}`).sort())
    expect(child.code).toBe(code)
  })

  test('a drain that is cut short names what was lost', async () => {
    const { stderr, code } = await runOffloading(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, drainOnExit: { timeout: 50 }, onError: 'ignore' })
      executor.submit(cpu, 'beat', [words], offload)
      executor.submit(cpu, 'echo', [1], offload)`)
    expect(stderr).toContain('gave up on 2 tasks')
    expect(stderr).toContain('cpu.mjs#beat')
    expect(code).toBe(1)
  })

  test('idle CPU threads do not keep the process alive, however long they may idle', async () => {
    const { reports, code } = await runOffloading(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 2, idleTimeout: Infinity })
      report(executor.run(cpu, 'double', [1], offload))`)
    expect({ reports, code }).toEqual({ reports: [2], code: 0 })
  })

  test('a promise of an offloaded task keeps the event loop alive', async () => {
    const { reports, code } = await runOffloading(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      executor.submit(cpu, 'echoLater', ['later'], offload).promise().then(report)`)
    expect({ reports, code }).toEqual({ reports: ['later'], code: 0 })
  })
})
