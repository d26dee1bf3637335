import { describe, expect, test } from 'vitest'
import { node, runScript, script, systems } from './child.mjs'

const slow = text => `executor.submit(tasks, 'slowSay', [100, '${text}'])`

describe.each(systems)('everything accepted is done and the exit code is kept (%s)', system => {
  const header = 'const executor = new AsyncPoolExecutor({ size: 2, queueSize: 10 })\n'

  test.each([
    ['at the natural end', '', 0],
    ['at the natural end with an exit code', 'process.exitCode = 5', 5],
    ['on process.exit(0)', 'process.exit(0)', 0],
    ['on process.exit(7), in the tick of the first submit', 'process.exit(7)', 7],
    ['on process.exit in a later tick', 'setTimeout(() => process.exit(8), 20)', 8],
    ['on process.exit in a microtask', 'Promise.resolve().then(() => process.exit(9))', 9],
    ['on process.exit in beforeExit', "process.on('beforeExit', () => process.exit(10))", 10],
    ['on an uncaught error', "throw new Error('uncaught here')", 1],
    ['on an uncaught error in a timer', "setTimeout(() => { throw new Error('uncaught here') }, 5)", 1],
    ['on an unhandled rejection', "Promise.reject(new Error('uncaught here'))", 1],
    [
      'on process.exit in an uncaughtException handler',
      "process.on('uncaughtException', () => process.exit(11)); throw new Error('uncaught here')",
      11,
    ],
    [
      'when a blocking call throws what a task threw',
      "executor.submit(tasks, 'fail', ['uncaught here']).result()",
      1,
    ],
  ])('%s', async (_how, end, expected) => {
    const tasks = ['one', 'two', 'three', 'four', 'five'].map(slow).join('\n')
    const { code, lines, stderr } = await runScript(system, `${header}${tasks}\n${end}`)
    expect(lines.sort()).toEqual(['five', 'four', 'one', 'three', 'two'])
    expect(code).toBe(expected)
    if (expected === 1) expect(stderr).toContain('uncaught here')
    else expect(stderr).toBe('')
  })

  test('on process.exit between submits of many tasks, however short', async () => {
    const { code, lines } = await runScript(
      system,
      `${header}for (let i = 0; i < 100; i++) executor.submit(tasks, 'say', ['task ' + i])
       process.exit(3)`,
    )
    expect(lines).toEqual(Array.from({ length: 100 }, (_, i) => `task ${i}`))
    expect(code).toBe(3)
  })

  test('when the last calls are shutdown({ wait: false }) and process.exit', async () => {
    const { code, lines } = await runScript(
      system,
      `${header}${slow('one')}\n${slow('two')}\n${slow('three')}\nexecutor.shutdown({ wait: false })\nprocess.exit(4)`,
    )
    expect(lines.sort()).toEqual(['one', 'three', 'two'])
    expect(code).toBe(4)
  })

  test('for several executors, with one process-wide hook', async () => {
    const { code, lines, stderr } = await runScript(
      system,
      `const before = process.listenerCount('exit')
       const executors = Array.from({ length: 15 }, (_, i) => new AsyncPoolExecutor({ size: 1, name: 'e' + i }))
       for (const [i, executor] of executors.entries()) executor.submit(tasks, 'slowSay', [50, 'task ' + i])
       say('hooks ' + (process.listenerCount('exit') - before))
       process.exit(6)`,
    )
    expect(lines[0]).toBe('hooks 1')
    expect(lines.slice(1).sort()).toEqual(Array.from({ length: 15 }, (_, i) => `task ${i}`).sort())
    expect({ code, stderr }).toEqual({ code: 6, stderr: '' })
  })

  test('for executors made through import and through require', async () => {
    const other =
      system === 'import'
        ? "const other = createRequire(import.meta.url)('async-pool-executor')\n"
        : "const load = () => import('async-pool-executor')\n"
    const both =
      system === 'import'
        ? `say(String(other.AsyncPoolExecutor === AsyncPoolExecutor))
           new other.AsyncPoolExecutor(1).submit(tasks, 'slowSay', [100, 'second'])
           say('hooks ' + (process.listenerCount('exit') - before))
           process.exit(3)`
        : `load().then(other => {
             say(String(other.AsyncPoolExecutor === AsyncPoolExecutor))
             new other.AsyncPoolExecutor(1).submit(tasks, 'slowSay', [200, 'second'])
             say('hooks ' + (process.listenerCount('exit') - before))
             process.exit(3)
           })`
    const { code, lines } = await runScript(
      system,
      `const before = process.listenerCount('exit')
${other}new AsyncPoolExecutor(1).submit(tasks, 'slowSay', [100, 'first'])\n${both}`,
    )
    expect(lines.slice(0, 2)).toEqual(['true', 'hooks 1'])
    expect(lines.slice(2).sort()).toEqual(['first', 'second'])
    expect(code).toBe(3)
  })
})

describe.each(systems)('exit handlers (%s)', system => {
  test('submitting in one that was registered before the executor was made', async () => {
    const { code, lines } = await runScript(
      system,
      `let executor
       process.on('exit', () => { executor.submit(tasks, 'slowSay', [50, 'from before']); say('handler') })
       executor = new AsyncPoolExecutor(1)
       executor.run(tasks, 'echo', [1])
       process.exit(5)`,
    )
    expect(lines).toEqual(['handler', 'from before'])
    expect(code).toBe(5)
  })

  test.each([
    ['submit', "executor.submit(tasks, 'slowSay', [50, 'from after'])"],
    ['trySubmit', "executor.trySubmit(tasks, 'slowSay', [50, 'from after'])"],
    ['run', "executor.run(tasks, 'slowSay', [50, 'from after'])"],
  ])('calling %s in one that was registered after the executor was used', async (_method, call) => {
    const { code, lines } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(1)
       executor.run(tasks, 'echo', [1])
       process.on('exit', () => { ${call}; say('later handler') })
       process.exit(5)`,
    )
    expect(lines.sort()).toEqual(['from after', 'later handler'])
    expect(code).toBe(5)
  })

  test('all tasks of a map that is left early there are done or cancelled', async () => {
    const { code, lines } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 3, queueSize: 3 })
       const words = new Int32Array(new SharedArrayBuffer(64))
       executor.run(tasks, 'echo', [1])
       process.on('exit', () => {
         for (const value of executor.map(tasks, 'noteAndSlowSay', [[words, 0, 'a'], [words, 300, 'b'], [words, 300, 'c']])) {
           while (Atomics.load(words, 3) < 3);
           break
         }
       })`,
    )
    expect(lines.sort()).toEqual(['a', 'b', 'c'])
    expect(code).toBe(0)
  })

  test('making the first executor in one', async () => {
    const { code, lines } = await runScript(
      system,
      `process.on('exit', () => {
         const executor = new AsyncPoolExecutor(1)
         executor.submit(tasks, 'slowSay', [50, 'made in a handler'])
       })
       process.exit(2)`,
    )
    expect(lines).toEqual(['made in a handler'])
    expect(code).toBe(2)
  })

  test('a failure of a run in one that runs after the drain is read by who catches it', async () => {
    const { lines, code, stderr } = await runScript(
      system,
      `new AsyncPoolExecutor().run(tasks, 'echo', [1])
       process.on('exit', () => {
         try { new AsyncPoolExecutor().run('node:fs/promises', 'readFile', ['/nowhere']) } catch (error) { say(error.code) }
       })`,
    )
    expect({ lines, code, stderr }).toEqual({ lines: ['ENOENT'], code: 0, stderr: '' })
  })

  test('submitting to a closed executor in one throws ExecutorClosedError', async () => {
    const { code, lines } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(1)
       executor.run(tasks, 'echo', [1])
       executor.shutdown()
       process.on('exit', () => {
         try { executor.submit(tasks, 'echo', [1]) } catch (error) { say(error.code) }
       })`,
    )
    expect(lines).toEqual(['ERR_EXECUTOR_CLOSED'])
    expect(code).toBe(0)
  })

  test('blocking on a future, joining and shutting down in one', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(1)
       const future = executor.submit(tasks, 'slow', [50, 'value'])
       process.on('exit', () => {
         say(future.result())
         say(String(executor.join()))
         say(JSON.stringify(executor.shutdown()))
       })
       process.exit(3)`,
    )
    expect(lines).toEqual(['value', 'true', '{"completed":1,"failed":0,"cancelled":0,"abandoned":0}'])
    expect(code).toBe(3)
  })

  test('tasks keep the state of their module in one that runs after the drain', async () => {
    const { lines } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(1)
       executor.run(tasks, 'remember', ['kept'])
       process.on('exit', () => say(executor.run(tasks, 'recall')))`,
    )
    expect(lines).toEqual(['kept'])
  })
})

/** A task whose progress comes faster than it is taken. */
const flood = `
const chatter = async () => {
  const { currentTask } = await import('async-pool-executor/task')
  const { progress } = currentTask()
  for (;;) {
    for (let i = 0; i < 100; i++) progress(i)
    await new Promise(resolve => setImmediate(resolve))
  }
}
const busy = () => { const end = performance.now() + 0.05; while (performance.now() < end); }
`

describe.each(systems)('callbacks and the drain (%s)', system => {
  test('callbacks run in the drain, and what they submit is done', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(1)
       executor.submit(tasks, 'slow', [50, 'a']).onDone(first => {
         say('callback ' + first.result())
         executor.submit(tasks, 'slow', [50, 'b']).onDone(second => {
           say('callback ' + second.result())
           executor.submit(tasks, 'slowSay', [50, 'the last'])
         })
       })
       process.exit(3)`,
    )
    expect(lines).toEqual(['callback a', 'callback b', 'the last'])
    expect(code).toBe(3)
  })

  test('what a callback submits to another executor is done', async () => {
    const { lines, code } = await runScript(
      system,
      `const a = new AsyncPoolExecutor({ size: 1, name: 'a' })
       const b = new AsyncPoolExecutor({ size: 1, name: 'b' })
       a.run(tasks, 'echo', [1])
       b.submit(tasks, 'slow', [50]).onDone(() => a.submit(tasks, 'slowSay', [50, 'submitted to a']))
       b.submit(tasks, 'slow', [50])
       process.exitCode = 4`,
    )
    expect(lines).toEqual(['submitted to a'])
    expect(code).toBe(4)
  })

  test('process.exit in a callback that a blocking call calls loses no task', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.submit(tasks, 'slowSay', [200, 'slow task'])
       const quick = executor.submit(tasks, 'echo', [1])
       quick.onDone(() => process.exit(6))
       quick.result()
       say('not reached')`,
    )
    expect(lines).toEqual(['slow task'])
    expect(code).toBe(6)
  })

  test('process.exit in a callback on the event loop loses no task', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.submit(tasks, 'slowSay', [200, 'slow task'])
       executor.submit(tasks, 'echo', [1]).onDone(() => process.exit(6))
       setInterval(() => {}, 1000)`,
    )
    expect(lines).toEqual(['slow task'])
    expect(code).toBe(6)
  })

  test('process.exit in a callback that the drain calls loses no task', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.submit(tasks, 'slowSay', [200, 'slow task'])
       executor.submit(tasks, 'slow', [20]).onDone(() => process.exit(6))`,
    )
    expect(lines).toEqual(['slow task'])
    expect(code).toBe(6)
  })

  test('process.exit in a callback does not keep other callbacks from being called in the drain', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.submit(tasks, 'slow', [200]).onDone(() => say('callback of the slow task'))
       const quick = executor.submit(tasks, 'echo', [1])
       quick.onDone(() => process.exit(6))
       quick.result()`,
    )
    expect(lines).toEqual(['callback of the slow task'])
    expect(code).toBe(6)
  })

  test('process.exit in each of several callbacks of the drain loses no task', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(4)
       executor.submit(tasks, 'slowSay', [300, 'slow task'])
       for (const ms of [20, 40, 60]) executor.submit(tasks, 'slow', [ms]).onDone(() => process.exit(ms))`,
    )
    expect(lines).toEqual(['slow task'])
    expect(code).toBe(60)
  })

  test('the drain ends in time though a task never stops to report its progress', async () => {
    const { code, stderr } = await runScript(
      system,
      `${flood}
       new AsyncPoolExecutor({ drainOnExit: { timeout: 300 } }).submit(chatter, [], { onProgress: busy })`,
    )
    expect(stderr).toContain('gave up on 1 task')
    expect(code).toBe(1)
  })

  test('the callbacks of other executors are called then, and what they submit is done', async () => {
    const { lines, code, stderr } = await runScript(
      system,
      `${flood}
       const given = new AsyncPoolExecutor({ name: 'given up', drainOnExit: { timeout: 300 } })
       const other = new AsyncPoolExecutor({ name: 'other' })
       other.run(tasks, 'echo', [1])
       given.submit(chatter, [], { onProgress: busy })
       other.submit(tasks, 'slow', [250]).onDone(() => other.submit(tasks, 'slowSay', [50, 'done']))`,
    )
    expect(lines).toEqual(['done'])
    expect(stderr).toContain("gave up on 1 task of executor 'given up'")
    expect(code).toBe(1)
  })

  test('so does a limited wait', async () => {
    const { lines } = await runScript(
      system,
      `${flood}
       const executor = new AsyncPoolExecutor({ drainOnExit: false })
       const future = executor.submit(chatter, [], { onProgress: busy })
       say(wait([future], { timeout: 300 }).pending.size)
       process.exit()`,
    )
    expect(lines).toEqual(['1'])
  })

  test('a callback that throws in the drain changes neither the exit code nor what is done', async () => {
    const { lines, code, stderr } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.submit(tasks, 'slow', [20]).onDone(() => { throw new Error('from a callback') })
       executor.submit(tasks, 'slowSay', [100, 'slow task'])
       process.on('exit', () => say('later hook'))`,
    )
    expect(lines).toEqual(['slow task', 'later hook'])
    expect(code).toBe(0)
    expect(stderr).toContain('Error: from a callback')
  })
})

describe.each(systems)('an idle executor (%s)', system => {
  test.each([
    ['that was never used', ''],
    ['that was used', "executor.run(tasks, 'echo', [1])"],
    ['whose promise has settled', "executor.submit(tasks, 'slow', [20]).promise().then(() => {})"],
    ['that was shut down', "executor.run(tasks, 'echo', [1]); executor.shutdown()"],
    ['that is being shut down', "executor.submit(tasks, 'slow', [20]); executor.shutdown({ wait: false })"],
    ['with a map that was not finished', "executor.map(tasks, 'echo', [1, 2, 3]).next()"],
  ])('%s does not hold the process', async (_what, body) => {
    const { code, stderr } = await runScript(system, `const executor = new AsyncPoolExecutor(2)\n${body}`)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  test('of a process that goes on serves its event loop', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.run(tasks, 'echo', [1])
       setTimeout(() => say(String(executor.run(tasks, 'add', [1, 2]))), 50)`,
    )
    expect({ lines, code }).toEqual({ lines: ['3'], code: 0 })
  })
})

describe.concurrent.each(systems)('after 5 s of draining (%s)', system => {
  const deadline = { deadline: 30_000 }

  test('one line on stderr says how many tasks are awaited', async () => {
    const { code, stderr, lines } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 5, name: 'patient' })
       for (let i = 0; i < 3; i++) executor.submit(tasks, 'slow', [6500])
       executor.submit(tasks, 'slow', [100])
       process.on('exit', () => say('done'))
       process.exitCode = 2`,
      deadline,
    )
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(/\b3 tasks\b/)
    expect({ code, lines }).toEqual({ code: 2, lines: ['done'] })
  })

  test('it is one line for all executors', async () => {
    const { stderr } = await runScript(
      system,
      `for (const name of ['a', 'b', 'c']) new AsyncPoolExecutor({ size: 2, name }).submit(tasks, 'slow', [7000])`,
      deadline,
    )
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(/\b3 tasks\b/)
  })

  test('the 5 s are those of the whole drain, not of each executor', async () => {
    const { stderr } = await runScript(
      system,
      `for (const [name, ms] of [['a', 3500], ['b', 7000]])
         new AsyncPoolExecutor({ size: 1, name }).submit(tasks, 'slow', [ms])`,
      deadline,
    )
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(/\b1 task\b/)
  })

  test('and not before', async () => {
    const { stderr } = await runScript(
      system,
      "new AsyncPoolExecutor(1).submit(tasks, 'slow', [1500])",
      deadline,
    )
    expect(stderr).toBe('')
  })
})

describe.each(systems)('in a worker thread (%s)', system => {
  const inThread = body => {
    const path = script(system, body)
    return `const worker = new Worker(${JSON.stringify(path)})
      worker.on('exit', code => say('thread exit ' + code))
      worker.on('error', error => say('thread error ' + error.message))`
  }

  test.each([
    ['at its natural end', '', 'thread exit 0'],
    ['on process.exit there', 'process.exit(3)', 'thread exit 3'],
    ['on an uncaught error there', "throw new Error('in the thread')", 'thread error in the thread'],
  ])('everything accepted is done %s', async (_how, end, expected) => {
    const { lines, code } = await runScript(
      system,
      inThread(
        `const executor = new AsyncPoolExecutor(2)
         say(executor.run(tasks, 'echo', ['blocked for this']))
         ${slow('in a thread')}
         ${end}`,
      ),
    )
    expect(lines.slice(0, 3)).toEqual(['blocked for this', 'in a thread', expected])
    expect(code).toBe(0)
  })

  test('submitting in its exit handlers works, before and after the drain', async () => {
    const { lines } = await runScript(
      system,
      inThread(
        `let executor
         process.on('exit', () => executor.submit(tasks, 'slowSay', [50, 'before']))
         executor = new AsyncPoolExecutor(2)
         executor.run(tasks, 'echo', [1])
         process.on('exit', () => executor.submit(tasks, 'slowSay', [50, 'after']))`,
      ),
    )
    expect(lines).toEqual(['before', 'after', 'thread exit 0'])
  })

  test('the parent may have executors too, and block meanwhile', async () => {
    const { lines, code } = await runScript(
      system,
      `${inThread(`const executor = new AsyncPoolExecutor(2)
         say(executor.run(tasks, 'echo', ['in the thread']))
         ${slow('in a thread')}`)}
       const executor = new AsyncPoolExecutor(2)
       say(executor.run(tasks, 'slow', [300, 'in the parent']))`,
    )
    expect(lines.filter(line => line !== 'thread exit 0').sort()).toEqual([
      'in a thread',
      'in the parent',
      'in the thread',
    ])
    expect(code).toBe(0)
  })
})

describe.each(systems)('executors in tasks (%s)', system => {
  const executors = "new URL('executors.mjs', 'file://' + tasks)"

  test.each([
    ['at the natural end', '', 0],
    ['on process.exit', 'process.exit(3)', 3],
  ])('what a task has submitted and not awaited is done %s', async (_how, end, expected) => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.submit(${executors}, 'nestedForget', ['nested'])
       ${end}`,
    )
    expect({ lines, code }).toEqual({ lines: ['nested'], code: expected })
  })

  test('what a task has submitted and not awaited is done on shutdown', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.run(${executors}, 'nestedForget', ['nested'])
       executor.shutdown()
       say('shut down')`,
    )
    expect({ lines, code }).toEqual({ lines: ['nested', 'shut down'], code: 0 })
  })
})

describe('node -e', () => {
  test.each([
    ['-e', "const { AsyncPoolExecutor } = require('async-pool-executor')"],
    ['--input-type=module', "import { AsyncPoolExecutor } from 'async-pool-executor'"],
  ])('drains at exit: %s', async (flag, load) => {
    const code = `${load}
      new AsyncPoolExecutor(1).submit('./test/fixtures/tasks.mjs', 'slowSay', [50, 'done'])
      process.exit(3)`
    const args = flag === '-e' ? ['-e', code] : [flag, '-e', code]
    expect(await node(args)).toMatchObject({ lines: ['done'], code: 3, stderr: '' })
  })
})
