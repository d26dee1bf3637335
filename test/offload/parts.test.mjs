import { describe, expect, test } from 'vitest'
import { file, folder } from '../child.mjs'
import { reportOf } from './support/script.mjs'

/** The error of `offload()` with these arguments, called by a task. */
function failureOfPart(name, args, options) {
  return reportOf(`
    const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
    report(failureOf(executor.submit(cpu, 'partOf', ['./cpu.mjs', ${name}, ${args}, ${options}])))`)
}

describe('offload() inside a task', () => {
  test('runs that call in a CPU thread, resolved from the base of the executor', async () => {
    const base = folder()
    file('helper.mjs', 'export const whereami = () => import.meta.url', base)
    const { worker, thread, url } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: ${JSON.stringify(base)} })
      const own = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu })
      const [worker, thread] = own.run(cpu, 'part', ['thread'])
      report({ worker, thread, url: executor.run(cpu, 'partOf', ['./helper.mjs', 'whereami']) })`)
    expect(thread).not.toBe(worker)
    expect(url).toContain(`${base}/helper.mjs`)
  })

  test('lets the worker go on meanwhile, and several run at once', async () => {
    const { values, others } = await reportOf(`
      const executor = new AsyncPoolExecutor({ size: 4, cpuThreads: 3, base: cpu })
      const futures = [1, 2, 3].map(value => executor.submit(cpu, 'part', ['hold', [words, value]]))
      until(Started, 3)
      const others = [1, 2, 3].map(value => executor.run(cpu, 'echoLater', [value]))
      openGate()
      report({ values: futures.map(future => future.result()[1]), others })`)
    expect({ values, others }).toEqual({ values: [1, 2, 3], others: [1, 2, 3] })
  })

  test('makes the call part of the task: its id, its name, its progress', async () => {
    const { seen, face, id } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu })
      const seen = []
      const future = executor.submit(cpu, 'part', ['face', ['v']], { onProgress: value => seen.push(value) })
      const [, face] = future.result()
      report({ seen: [...seen], face, id: future.id })`)
    expect(seen).toEqual([
      ['v', 0],
      ['v', 1],
      ['v', 2],
    ])
    expect(face).toMatchObject({ id, name: 'cpu.mjs#part', attempt: 1 })
  })

  test('copies the arguments at the call, and what is transferred moves', async () => {
    const { copied } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu })
      report({ copied: executor.run(cpu, 'partOfChanging', [words]) })`)
    expect(copied).toEqual([1])
  })

  test('carries errors whole', async () => {
    const { failure } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu })
      const error = executor.submit(cpu, 'part', ['fail']).error()
      report({ failure: [error instanceof RangeError, error.message, error.code, error.details, error.cause.message] })`)
    expect(failure).toEqual([true, 'outer', 'E_OUTER', { size: 1 }, 'inner'])
  })

  test('gives many calls of one task their turns, without a warning of listeners', async () => {
    const { values } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 2, base: cpu })
      report({ values: executor.run(cpu, 'manyParts', [40]) })`)
    expect(values).toEqual(Array.from({ length: 40 }, (_, i) => 2 * i))
  })

  test('has the priority of its task among those that wait for a thread', async () => {
    const { order } = await reportOf(`
      const executor = new AsyncPoolExecutor({ size: 10, cpuThreads: 1, base: cpu })
      holdThreads(executor, 1)
      const submit = (number, options, partOptions) =>
        executor.submit(cpu, 'part', ['log', [words, number], partOptions], options)
      const futures = [submit(0), submit(1, { priority: 3 }), submit(2, {}, { priority: 5 }), submit(3)]
      executor.run(cpu, 'echoLater')
      openGate()
      for (const future of futures) future.result()
      report({ order: [...words.subarray(Log, Log + 4)] })`)
    expect(order).toEqual([2, 1, 0, 3])
  })
})

describe('a call of offload() that ends early', () => {
  test('by its timeout rejects, and its thread stops', async () => {
    const { failure, beats } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu })
      const { port, gone } = portOfThread()
      executor.run(cpu, 'part', ['thread']) // starts the CPU thread
      const options = { transferList: [port] }
      const failure = failureOf(executor.submit(cpu, 'partWithPort', [port, words, { timeout: 50 }], options))
      await gone
      report({ failure, beats: beatsWhile(() => executor.run(cpu, 'thread', [], offload)) })`)
    expect(failure).toMatchObject({ name: 'TimeoutError', code: 'ERR_TIMEOUT' })
    expect(failure.message).toContain('cpu.mjs#keepAndBeat')
    expect(beats).toBe(0)
  })

  test('by its signal rejects with CancelledError, and its thread stops', async () => {
    const { failure, cause, beats } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu })
      const error = executor.submit(cpu, 'partAborted', [words]).error()
      executor.run(cpu, 'thread', [], offload)
      report({
        failure: error.name,
        cause: error.cause,
        beats: beatsWhile(() => executor.run(cpu, 'thread', [], offload)),
      })`)
    expect({ failure, cause, beats }).toEqual({ failure: 'CancelledError', cause: 'enough', beats: 0 })
  })

  test.each([
    ['is cancelled', '{}', 'future.cancel()'],
    ['times out', '{ timeout: 1_000 }', 'future.error()'],
  ])('because its task %s stops its thread', async (_how, options, end) => {
    const { state, beats, joined } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu })
      const { port, gone } = portOfThread()
      executor.run(cpu, 'part', ['thread']) // starts the CPU thread
      const future = executor.submit(cpu, 'partWithPort', [port, words], { transferList: [port], ...${options} })
      until(Started, 1)
      ${end}
      await gone
      const joined = executor.join(5_000)
      report({ state: future.state, joined, beats: beatsWhile(() => executor.run(cpu, 'thread', [], offload)) })`)
    expect({ beats, joined }).toEqual({ beats: 0, joined: true })
    expect(['cancelled', 'rejected']).toContain(state)
  })

  test('by the death of its thread rejects, and its task lives on to deal with it', async () => {
    const { failure, restarts } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu })
      const failure = failureOf(executor.submit(cpu, 'part', ['exit', [9]]))
      report({ failure, restarts: executor.stats().restarts })`)
    expect(failure).toMatchObject({ name: 'WorkerDiedError', exitCode: 9 })
    expect(restarts).toBe(0)
  })
})

describe('offload() refuses', () => {
  test.each([
    ['no function name', "''", '[]', 'undefined', 'ERR_INVALID_ARG_TYPE', '"fnName"'],
    ['arguments that are no array', "'echo'", "'text'", 'undefined', 'ERR_INVALID_ARG_TYPE', '"args"'],
    ['unknown options', "'echo'", '[]', '{ onProgress: 1 }', 'ERR_INVALID_ARG_TYPE', '"options.onProgress"'],
    ['a negative timeout', "'echo'", '[]', '{ timeout: -1 }', 'ERR_OUT_OF_RANGE', '"options.timeout"'],
    [
      'an infinite priority',
      "'echo'",
      '[]',
      '{ priority: Infinity }',
      'ERR_OUT_OF_RANGE',
      '"options.priority"',
    ],
    ['no signal', "'echo'", '[]', '{ signal: {} }', 'ERR_INVALID_ARG_TYPE', '"options.signal"'],
  ])('%s', async (_what, name, args, options, code, where) => {
    const failure = await failureOfPart(name, args, options)
    expect(failure).toMatchObject({ code })
    expect(failure.message).toContain(where)
  })

  test('functions that there are not, and modules outside of roots', async () => {
    const { missing, outside } = await reportOf(`
      const { dirname } = await import('node:path')
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu, roots: [dirname(cpu)] })
      report({
        missing: failureOf(executor.submit(cpu, 'part', ['toString'])).code,
        outside: failureOf(executor.submit(cpu, 'partOf', ['node:path', 'basename', ['/a']])).message,
      })`)
    expect(missing).toBe('ERR_TASK_NOT_FOUND')
    expect(outside).toContain('not a file inside')
  })

  test('arguments that cannot be cloned, and says which', async () => {
    const { failure } = await reportOf(`
      fs.writeFileSync(new URL('./inline.mjs', file), \`
        import { offload } from 'async-pool-executor/task'
        export const run = () => offload('node:util', 'inspect', [{ list: [1, () => 2] }])\`)
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      report({ failure: failureOf(executor.submit('./inline.mjs', 'run')) })`)
    expect(failure).toMatchObject({ name: 'NotCloneableError', code: 'ERR_NOT_CLONEABLE' })
    expect(failure.message).toContain('args[0].list[1] is a function')
  })

  test('a CPU thread, which could wait for itself', async () => {
    const { failure } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 2, base: cpu })
      report({ failure: failureOf(executor.submit(cpu, 'part', ['thread'], offload)) })`)
    expect(failure).toMatchObject({ name: 'DeadlockError', code: 'ERR_DEADLOCK' })
    expect(failure.message).toContain('Call the function directly')
  })

  test('code that runs for no task', async () => {
    const { failure } = await reportOf(`
      const { offload: call } = await import('async-pool-executor/task')
      const failure = await call('node:path', 'basename', ['/a']).catch(({ name, message }) => ({ name, message }))
      report({ failure })`)
    expect(failure).toEqual({ name: 'ExecutorError', message: 'offload() was called outside of a task' })
  })
})
