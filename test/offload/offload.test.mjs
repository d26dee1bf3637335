import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { file, folder, node } from '../child.mjs'
import { cpu, reportOf, runOffloading } from './support/script.mjs'

describe('an offloaded task', () => {
  test('keeps neither the loop nor its neighbours waiting', async () => {
    const { values, running, states } = await reportOf(`
      const executor = new AsyncPoolExecutor({ size: 8, cpuThreads: 4 })
      const held = holdThreads(executor, 4)
      const neighbours = Array.from({ length: 40 }, (_, i) => executor.submit(cpu, i % 2 ? 'echoLater' : 'echo', [i]))
      const values = neighbours.map(future => future.result())
      const { running } = executor.stats()
      const states = held.map(({ state }) => state)
      openGate()
      report({ values: [...values, ...held.map(future => future.result())], running, states })`)
    expect(values).toEqual([...Array(40).keys(), 0, 1, 2, 3])
    expect(running).toBe(4)
    expect(states).toEqual(Array(4).fill('running'))
  })

  test('runs in a thread that is neither the worker nor the caller, and loads the module there', async () => {
    const { caller, worker, offloaded, remembered } = await reportOf(`
      import { threadId } from 'node:worker_threads'
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      executor.run(cpu, 'remember', ['in the worker'])
      report({
        caller: threadId,
        worker: executor.run(cpu, 'thread'),
        offloaded: executor.run(cpu, 'thread', [], offload),
        remembered: executor.run(cpu, 'recall', [], offload) ?? 'nothing',
      })`)
    expect(new Set([caller, worker, offloaded]).size).toBe(3)
    expect(remembered).toBe('nothing')
  })

  test('is taken in by trySubmit and map, and counts against size', async () => {
    const { mapped, tried, refused, queued } = await reportOf(`
      const executor = new AsyncPoolExecutor({ size: 2, queueSize: 0, cpuThreads: 2 })
      const mapped = [...executor.map(cpu, 'double', [1, 2, 3, 4], offload)]
      executor.join()
      holdThreads(executor, 1)
      const tried = executor.trySubmit(cpu, 'hold', [words, 'tried'], offload)
      until(Started, 2)
      const refused = executor.trySubmit(cpu, 'echo', [1]) === undefined
      openGate()
      report({ mapped, tried: tried.result(), refused, queued: executor.stats().queued })`)
    expect({ mapped, tried, refused, queued }).toEqual({
      mapped: [2, 4, 6, 8],
      tried: 'tried',
      refused: true,
      queued: 0,
    })
  })

  test('waits for one of cpuThreads in its slot, the highest priority first', async () => {
    const { order, running, queued, ages, cpuThreads } = await reportOf(`
      const executor = new AsyncPoolExecutor({ size: 10, cpuThreads: 1 })
      holdThreads(executor, 1)
      const priorities = [0, 2, 1, 2, 0, -1]
      const futures = priorities.map((priority, i) => executor.submit(cpu, 'log', [words, i], { offload: true, priority }))
      executor.run('node:timers/promises', 'setTimeout', [50])
      const stats = executor.stats()
      const ages = stats.tasks.filter(({ name }) => name.startsWith('cpu.mjs')).map(({ age }) => age)
      openGate()
      for (const future of futures) future.result()
      report({ ...stats, order: [...words.subarray(Log, Log + 6)], ages })`)
    expect(order).toEqual([1, 3, 2, 0, 4, 5])
    expect({ running, queued, cpuThreads }).toEqual({ running: 7, queued: 0, cpuThreads: 1 })
    expect(ages[0]).toBeGreaterThan(0)
    expect(ages.slice(1)).toEqual(Array(6).fill(0))
  })

  test('shows in stats by name while it runs, and is counted when it has settled', async () => {
    const { running, totals } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 2 })
      const [held] = holdThreads(executor, 1)
      const running = executor.stats().tasks.map(({ id, name }) => [id, name])
      openGate()
      held.result()
      executor.submit(cpu, 'fail', [], offload).error()
      executor.join()
      const { completed, failed } = executor.stats()
      report({ running, totals: { completed, failed, running: executor.stats().running } })`)
    expect(running).toEqual([[1, 'cpu.mjs#hold']])
    expect(totals).toEqual({ completed: 1, failed: 1, running: 0 })
  })

  test('does not let hangTimeout take it for a worker that hangs', async () => {
    const { value, restarts } = await reportOf(`
      const executor = new AsyncPoolExecutor({ hangTimeout: 100, cpuThreads: 1 })
      const [held] = holdThreads(executor, 1)
      try { held.result(400) } catch {}
      openGate()
      report({ value: held.result(), restarts: executor.stats().restarts })`)
    expect({ value, restarts }).toEqual({ value: 0, restarts: 0 })
  })
})

describe('values and errors', () => {
  test('cross as structured clone carries them, and what is transferred moves', async () => {
    const { same, buffer, left, kept } = await reportOf(`
      import { isDeepStrictEqual } from 'node:util'
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      const value = new Map([['date', new Date(7)], ['set', new Set([1n, -0, NaN, undefined])], ['list', [, 1]]])
      const same = isDeepStrictEqual(executor.run(cpu, 'echo', [value], offload), value)
      const bytes = new Uint8Array([1, 2, 3])
      const echoed = executor.run(cpu, 'echo', [bytes], { offload: true, transferList: [bytes.buffer] })
      const { port, gone } = portOfThread()
      const kept = executor.run(cpu, 'keep', [port], { offload: true, transferList: [port] })
      report({ same, buffer: [...echoed], left: bytes.length, kept })
      process.exit()`)
    expect({ same, buffer, left, kept }).toEqual({ same: true, buffer: [1, 2, 3], left: 0, kept: true })
  })

  test('a result that is handed over with transfer() moves the whole way', async () => {
    const { sizes, port } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: cpu })
      const bytes = executor.run(cpu, 'handOver', [3], offload)
      const [, part] = executor.run(cpu, 'part', ['handOver', [4]])
      const end = executor.run(cpu, 'handOverPort', [], offload)
      report({ sizes: [bytes.length, part.length], port: end instanceof MessagePort })
      process.exit()`)
    expect({ sizes, port }).toEqual({ sizes: [3, 4], port: true })
  })

  test('errors keep class, message, code, own properties, cause, errors and stack', async () => {
    const { outer, several, thrown } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      const outer = executor.submit(cpu, 'fail', [], offload).error()
      const several = executor.submit(cpu, 'failLater', [], offload).error()
      report({
        outer: [outer instanceof RangeError, outer.message, outer.code, outer.details, outer.cause instanceof TypeError,
          outer.cause.message, /cpu\\.mjs/.test(outer.stack), /submitted by[^]*script\\.mjs/.test(outer.stack)],
        several: [several instanceof AggregateError, several.errors[0] instanceof SyntaxError, several.errors[1]],
        thrown: [0, null, 'text'].map(value => failureOf(executor.submit(cpu, 'throwValue', [value], offload))),
      })`)
    expect(outer).toEqual([true, 'outer', 'E_OUTER', { size: 1 }, true, 'inner', true, true])
    expect(several).toEqual([true, true, 'second'])
    expect(thrown).toEqual([{ thrown: 0 }, { thrown: null }, { thrown: 'text' }])
  })

  test('a result or a progress that cannot be cloned fails that task, and its thread lives on', async () => {
    const { failures, threads } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      const thread = () => executor.run(cpu, 'thread', [], offload)
      const first = thread()
      const names = ['returnFunction', 'returnGetter', 'progressFunction']
      const failures = names.map(name => failureOf(executor.submit(cpu, name, [], offload)))
      report({ failures, threads: [first, thread()] })`)
    expect(failures[0]).toMatchObject({ name: 'NotCloneableError', code: 'ERR_NOT_CLONEABLE' })
    expect(failures[0].message).toContain('result.deep[0].callback is a function')
    expect(failures[1]).toMatchObject({ name: 'EvalError', message: 'from the getter' })
    expect(failures[2]).toMatchObject({ name: 'NotCloneableError', code: 'ERR_NOT_CLONEABLE' })
    expect(failures[2].message).toMatch(/^value is a function.*the progress of cpu\.mjs#progressFunction/)
    expect(threads[0]).toBe(threads[1])
  })

  test('progress comes in order and before the result, and currentTask knows the task', async () => {
    const { seen, face, worker, id } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      const seen = []
      const future = executor.submit(cpu, 'face', ['v'], { offload: true, onProgress: value => seen.push(value) })
      const face = future.result()
      report({ seen: [...seen], face, worker: executor.run(cpu, 'thread'), id: future.id })`)
    expect(seen).toEqual([
      ['v', 0],
      ['v', 1],
      ['v', 2],
    ])
    expect(face).toEqual({ id, name: 'cpu.mjs#face', attempt: 1, isAborted: false, threadId: face.threadId })
    expect(face.threadId).not.toBe(worker)
  })
})

describe('modules and functions', () => {
  test('are found as without offload: own exports, ./relative to base, packages, builtins, CommonJS', async () => {
    const base = folder()
    file(
      'sums.js',
      'exports.add = (a, b) => a + b\nexports.which = function () { return this === exports }',
      base,
    )
    const values = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, base: ${JSON.stringify(base)} })
      const run = (module, name, ...args) => executor.run(module, name, args, offload)
      report([
        run('./sums.js', 'add', 1, 2),
        run('./sums', 'which'),
        run('node:path', 'basename', '/a/b'),
        run('async-pool-executor', 'gather', []),
        run(${JSON.stringify(pathToFileURL(cpu).href)}, 'double', 4),
      ])`)
    expect(values).toEqual([3, true, 'b', [], 8])
  })

  test.each(['constructor', '__proto__', 'toString', 'missing', 'notAFunction'])(
    'exclude %s, which is no exported function',
    async name => {
      const { failure } = await reportOf(`
        const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
        report({ failure: failureOf(executor.submit(cpu, ${JSON.stringify(name)}, [], offload)) })`)
      expect(failure).toMatchObject({ name: 'TaskNotFoundError', code: 'ERR_TASK_NOT_FOUND' })
      expect(failure.message).toContain('dieUntil')
    },
  )

  test('outside of roots are refused in the CPU thread, which loads them', async () => {
    const inside = folder()
    const allowed = file('allowed.mjs', 'export const ping = () => "pong"', inside)
    const { failure, value } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, roots: [${JSON.stringify(inside)}] })
      report({
        failure: failureOf(executor.submit(cpu, 'thread', [], offload)),
        value: executor.run(${JSON.stringify(allowed)}, 'ping', [], offload),
      })`)
    expect(failure).toMatchObject({ name: 'ExecutorError' })
    expect(failure.message).toContain('not a file inside')
    expect(value).toBe('pong')
  })

  test('that are missing or throw while they load fail that task', async () => {
    const { missing, throwing } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      const failing = ${JSON.stringify(fileURLToPath(new URL('../faults/fixtures/failing/throws.mjs', import.meta.url)))}
      report({
        missing: failureOf(executor.submit('./no-such-file.mjs', 'run', [], offload)),
        throwing: failureOf(executor.submit(failing, 'run', [], offload)),
      })`)
    expect(missing.code).toBe('ERR_MODULE_NOT_FOUND')
    expect(throwing.name).toBe('Error')
  })
})

describe('the threads', () => {
  test('do not exist, and their pool is not loaded, until something is offloaded', async () => {
    const { before, after } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 2 })
      const look = () => [executor.run(cpu, 'loadsPool'), executor.stats().cpuThreads]
      const before = look()
      executor.run(cpu, 'echo', [1], offload)
      report({ before, after: look() })`)
    expect(before).toEqual([false, 0])
    expect(after).toEqual([true, 1])
  })

  test('end after idleTimeout, and start again when they are needed', async () => {
    const { first, second } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 2, idleTimeout: 20 })
      const { port, gone } = portOfThread()
      executor.run(cpu, 'keep', [port], { offload: true, transferList: [port] })
      const first = executor.run(cpu, 'thread', [], offload)
      await gone
      while (executor.stats().cpuThreads > 0) executor.run(cpu, 'echoLater')
      report({ first, second: executor.run(cpu, 'thread', [], offload) })`)
    expect(second).not.toBe(first)
  })

  test('stay with an idleTimeout beyond what timers can do', async () => {
    const { threads } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, idleTimeout: 2 ** 40 })
      const thread = () => executor.run(cpu, 'thread', [], offload)
      const first = thread()
      executor.run('node:timers/promises', 'setTimeout', [50])
      report({ threads: [first, thread()] })`)
    expect(threads[0]).toBe(threads[1])
  })

  test('have env, argv, execArgv and resourceLimits of the executor', async () => {
    const { given, limited } = await reportOf(`
      const env = { ...process.env, FROM_EXECUTOR: 'yes' }
      const options = { env, argv: ['--flag'], execArgv: ['--no-warnings'], resourceLimits: { maxOldGenerationSizeMb: 24 } }
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, ...options })
      report({
        given: executor.run(cpu, 'surroundings', ['FROM_EXECUTOR'], offload),
        limited: failureOf(executor.submit(cpu, 'fillMemory', [], offload)).reason,
      })`)
    expect(given).toEqual({ argv: ['--flag'], execArgv: ['--no-warnings'], variable: 'yes' })
    expect(limited).toBe('it ran out of memory')
  })

  test('share the environment if the executor does', async () => {
    const { variable } = await reportOf(`
      import { SHARE_ENV } from 'node:worker_threads'
      const executor = new AsyncPoolExecutor({ cpuThreads: 1, env: SHARE_ENV })
      executor.run(cpu, 'setVariable', ['SET_IN_THREAD', 'yes'], offload)
      report({ variable: process.env.SET_IN_THREAD })`)
    expect(variable).toBe('yes')
  })

  test("keep Node's permission model", async () => {
    const flag = process.allowedNodeEnvironmentFlags.has('--permission')
      ? '--permission'
      : '--experimental-permission'
    const target = join(folder(), 'written')
    const { reports } = await runOffloading(
      `const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
       report(failureOf(executor.submit('node:fs', 'writeFileSync', [${JSON.stringify(target)}, 'text'], offload)))`,
      { flags: [flag, '--allow-fs-read=*', '--allow-worker'] },
    )
    expect(reports).toMatchObject([{ code: 'ERR_ACCESS_DENIED' }])
    expect(existsSync(target)).toBe(false)
  })

  test('start under flags that no file can be started with', async () => {
    const { stdout } = await node([
      '--input-type=module',
      '-e',
      `import { AsyncPoolExecutor } from 'async-pool-executor'
       console.log(new AsyncPoolExecutor({ cpuThreads: 1 }).run('node:path', 'basename', ['/a/b'], { offload: true }))`,
    ])
    expect(stdout).toBe('b\n')
  })

  test('know inside which executor they are', async () => {
    const path = file(
      'nested.mjs',
      `import { AsyncPoolExecutor } from 'async-pool-executor'
       export const executor = new AsyncPoolExecutor({ name: 'own', cpuThreads: 1 })
       export function inner() { return executor.run('node:path', 'basename', ['/a/b']) }
       export function outer(path) { return executor.submit(path, 'inner', [], { offload: true }).error().code }`,
    )
    const { code } = await reportOf(`
      const { outer } = await import(${JSON.stringify(pathToFileURL(path).href)})
      report({ code: outer(${JSON.stringify(path)}) })`)
    expect(code).toBe('ERR_DEADLOCK')
  })
})

describe('output of CPU threads', () => {
  test.each([
    ['direct', 'while the caller is blocked', ['said', '=1'], 'said\n'],
    ['ignore', 'nowhere', ['=1'], ''],
  ])('goes with stdio %s: %s', async (stdio, _where, lines, stderr) => {
    const child = await runOffloading(`
      const executor = new AsyncPoolExecutor({ stdio: '${stdio}', cpuThreads: 1 })
      executor.run(cpu, 'print', ['said'], offload)
      report(1)
      process.exit()`)
    expect({ lines: child.lines, stderr: child.stderr }).toEqual({ lines, stderr })
  })

  test("goes with stdio inherit through the caller's streams", async () => {
    const { lines, stderr } = await runOffloading(`
      const executor = new AsyncPoolExecutor({ stdio: 'inherit', cpuThreads: 1 })
      const shown = stream => new Promise(resolve => {
        const { write } = stream
        stream.write = function (chunk, ...rest) {
          if (String(chunk).includes('said')) resolve()
          return write.call(this, chunk, ...rest)
        }
      })
      const both = [shown(process.stdout), shown(process.stderr)]
      await executor.submit(cpu, 'print', ['said'], offload).promise()
      const alive = setInterval(() => {}, 1000) // the executor does not keep it so
      await Promise.all(both)
      clearInterval(alive)`)
    expect(lines).toContain('said')
    expect(stderr).toBe('said\n')
  })
})

describe('options', () => {
  test.each([
    ['{ cpuThreads: 0 }', 'RangeError', 'ERR_OUT_OF_RANGE', 'options.cpuThreads'],
    ['{ cpuThreads: 1.5 }', 'RangeError', 'ERR_OUT_OF_RANGE', 'options.cpuThreads'],
    ["{ cpuThreads: '2' }", 'TypeError', 'ERR_INVALID_ARG_TYPE', 'options.cpuThreads'],
    ['{ idleTimeout: -1 }', 'RangeError', 'ERR_OUT_OF_RANGE', 'options.idleTimeout'],
    ['{ idleTimeout: NaN }', 'RangeError', 'ERR_OUT_OF_RANGE', 'options.idleTimeout'],
    ["{ idleTimeout: 'soon' }", 'TypeError', 'ERR_INVALID_ARG_TYPE', 'options.idleTimeout'],
  ])('%s is refused by the constructor', async (options, name, code, what) => {
    const { failure } = await reportOf(`
      try { new AsyncPoolExecutor(${options}) } catch ({ name, code, message }) { report({ failure: { name, code, message } }) }`)
    expect(failure).toMatchObject({ name, code })
    expect(failure.message).toContain(`"${what}"`)
  })

  test('offload must be a boolean, also for trySubmit and map, and false is none', async () => {
    const { codes, thread, worker } = await reportOf(`
      const executor = new AsyncPoolExecutor({ cpuThreads: 1 })
      const codeOf = call => { try { call() } catch ({ code }) { return code } }
      const bad = { offload: 'yes' }
      report({
        codes: [
          codeOf(() => executor.submit(cpu, 'echo', [], bad)),
          codeOf(() => executor.trySubmit(cpu, 'echo', [], bad)),
          codeOf(() => executor.map(cpu, 'echo', [], bad)),
          codeOf(() => executor.stream(cpu, 'echo', [], offload)), // a stream has no such option
        ],
        thread: executor.run(cpu, 'thread', [], { offload: false }),
        worker: executor.run(cpu, 'thread'),
      })`)
    expect(codes).toEqual(Array(4).fill('ERR_INVALID_ARG_TYPE'))
    expect(thread).toBe(worker)
  })
})
