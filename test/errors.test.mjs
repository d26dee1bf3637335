import { createRequire } from 'node:module'
import { describe, expect, test } from 'vitest'
import { runScript, systems } from './child.mjs'
import { createExecutor, createSignals, openGate, thrownBy } from './helpers.mjs'
import { tasks } from './paths.mjs'

const library = createRequire(import.meta.url)('async-pool-executor')

const codes = {
  TimeoutError: 'ERR_TIMEOUT',
  CancelledError: 'ERR_CANCELLED',
  QueueFullError: 'ERR_QUEUE_FULL',
  ExecutorClosedError: 'ERR_EXECUTOR_CLOSED',
  BrokenExecutorError: 'ERR_BROKEN_EXECUTOR',
  WorkerDiedError: 'ERR_WORKER_DIED',
  TaskNotFoundError: 'ERR_TASK_NOT_FOUND',
  NotCloneableError: 'ERR_NOT_CLONEABLE',
  DeadlockError: 'ERR_DEADLOCK',
}

describe('error classes', () => {
  test.each(Object.entries(codes))('%s extends ExecutorError and has the code %s', (name, code) => {
    const Class = library[name]
    const error = name === 'WorkerDiedError' ? new Class('m', { reason: 'r', exitCode: 3 }) : new Class('m')
    expect(error).toBeInstanceOf(library.ExecutorError)
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({ name, code, message: 'm' })
    expect(error.stack).toMatch(new RegExp(`^${name}: m`))
    expect(Object.prototype.toString.call(error)).toBe('[object Error]')
  })

  test('are whole when they come from the worker', () => {
    const executor = createExecutor(1)
    const error = thrownBy(() => executor.run(tasks, 'nothing'))
    expect(error).toBeInstanceOf(library.TaskNotFoundError)
    expect(Object.keys(error)).toEqual(Object.keys(new library.TaskNotFoundError('x')))
  })

  test('the stack of a timeout leads to the call', () => {
    const executor = createExecutor(1)
    const signals = createSignals()
    const future = executor.submit(tasks, 'hold', [signals])
    expect(thrownBy(() => future.result(1)).stack).toContain('errors.test.mjs')
    openGate(signals)
  })
})

describe.each(systems)('an error that nobody reads (%s)', system => {
  const occurrences = (text, part) => text.split(part).length - 1

  test('is reported once at exit with its stack, is counted, and keeps the exit code', async () => {
    const { code, stderr, lines } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.submit(tasks, 'fail', ['nobody reads this'])
       executor.join()
       say('failed ' + executor.stats().failed)`,
    )
    expect(code).toBe(0)
    expect(lines).toEqual(['failed 1'])
    expect(occurrences(stderr, 'Error: nobody reads this')).toBe(1)
    expect(stderr).toMatch(/at .*tasks\.mjs:\d+/)
  })

  test('is reported when the task fails during the drain', async () => {
    const { code, stderr } = await runScript(
      system,
      `new AsyncPoolExecutor(2).submit(tasks, 'slowFail', [100, 'too late']); process.exitCode = 4`,
    )
    expect(code).toBe(4)
    expect(occurrences(stderr, 'Error: too late')).toBe(1)
  })

  test.each([
    ['result', 'try { future.result() } catch {}'],
    ['error', 'future.error()'],
    ['promise', 'future.promise().catch(() => {})'],
    ['promise, once it has failed', 'executor.join(); future.promise().catch(() => {})'],
    ['onDone', 'future.onDone(done => done.error())'],
    ['gather', 'try { gather([future]) } catch {}'],
    ['gather with returnErrors', 'gather([future], { returnErrors: true })'],
    ['a late result', 'executor.join(); process.on("exit", () => {}); future.error()'],
    ['an exit handler of an earlier registration', ''],
  ])('is not reported when it is read by %s', async (name, read) => {
    const { stderr, code } = await runScript(
      system,
      `let future
       ${name.startsWith('an exit') ? "process.on('exit', () => future.error())" : ''}
       const executor = new AsyncPoolExecutor(2)
       future = executor.submit(tasks, 'fail', ['somebody reads this'])
       ${read}`,
    )
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
  })

  test('is not reported for run, nor for map at the failing position', async () => {
    const { stderr } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(1)
       try { executor.run(tasks, 'fail', ['x']) } catch {}
       try { [...executor.map(tasks, 'fail', ['x'])] } catch {}`,
    )
    expect(stderr).toBe('')
  })

  describe.each(['map', 'mapAsync', 'mapAsync, as results are ready'])('of a position of %s', name => {
    const options = name.includes('ready') ? '{ ordered: false }' : '{}'
    const [call, wait, join] = name.startsWith('mapAsync')
      ? ['mapAsync', ' await', 'await executor.joinAsync()']
      : ['map', '', 'executor.join()']

    test.each([
      ['break', 'return n', 'left'],
      ['what another one threw', "throw new Error('item 0')", 'threw item 0'],
    ])('that was never reached, for %s, is reported', async (_how, first, left) => {
      const { lines, stderr } = await runScript(
        system,
        `// The others have started when the first one ends, and fail when the loop has been left.
         const task = async ([words, n]) => {
           const [gate, started] = [0, 1]
           const reached = async (index, value) => {
             for (let now = Atomics.load(words, index); now < value; now = Atomics.load(words, index))
               await Atomics.waitAsync(words, index, now).value
           }
           if (n === 0) {
             await reached(started, 2)
             ${first}
           }
           Atomics.add(words, started, 1)
           Atomics.notify(words, started)
           await reached(gate, 1)
           throw new Error('item ' + n)
         }
         async function main() {
           const executor = new AsyncPoolExecutor({ size: 3, onError: error => say(error.message) })
           const words = new Int32Array(new SharedArrayBuffer(8))
           const items = [0, 1, 2].map(n => [words, n])
           try {
             for${wait} (const n of executor.${call}(task, items, ${options})) break
             say('left')
           } catch (error) {
             say('threw ' + error.message)
           }
           Atomics.store(words, 0, 1)
           Atomics.notify(words, 0)
           ${join}
         }
         main()`,
      )
      expect(stderr).toBe('')
      expect(lines[0]).toBe(left)
      expect(lines.slice(1).sort()).toEqual(['item 1', 'item 2'])
    })
  })

  test('is not reported when it is read late, however many others there are', async () => {
    const { stderr } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 100, queueSize: 5000 })
       const futures = []
       for (let i = 0; i < 3000; i++) futures.push(executor.submit(tasks, 'fail', ['x']))
       executor.join()
       for (const future of futures) future.error()`,
    )
    expect(stderr.slice(0, 300)).toBe('')
  })

  test('is not a cancelled task', async () => {
    const { stderr } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(1)
       executor.submit(tasks, 'slow', [50])
       executor.submit(tasks, 'slow', [50]).cancel()`,
    )
    expect(stderr).toBe('')
  })

  test("goes nowhere with onError 'ignore', and to the function given", async () => {
    const { stderr, lines, code } = await runScript(
      system,
      `const ignoring = new AsyncPoolExecutor({ size: 1, onError: 'ignore' })
       ignoring.submit(tasks, 'fail', ['ignored'])
       const telling = new AsyncPoolExecutor({ size: 1, name: 'telling', onError: (error, task) => {
         say([error.message, task.id, task.name, task.executor].join(' | '))
       } })
       telling.submit(tasks, 'fail', ['told'])
       telling.submit(tasks, 'throwValue', [0])`,
    )
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    expect(lines).toHaveLength(2)
    expect(lines[0]).toBe('told | 1 | tasks.mjs#fail | telling')
    expect(lines[1]).toMatch(/0.* \| 2 \| tasks\.mjs#throwValue \| telling/)
  })

  test('a handler that throws is reported, and the others are still told', async () => {
    const { stderr, lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 1, onError(error) { say(error.message); throw new Error('handler ' + error.message) } })
       executor.submit(tasks, 'fail', ['a'])
       executor.submit(tasks, 'fail', ['b'])`,
    )
    expect(code).toBe(0)
    expect(lines).toEqual(['a', 'b'])
    expect([occurrences(stderr, 'Error: handler a'), occurrences(stderr, 'Error: handler b')]).toEqual([1, 1])
  })

  test('a handler may block on other futures while very many fail', async () => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 5000, queueSize: 5000, onError() {
         while (others.length > 0) others.pop().result()
       } })
       const others = []
       executor.run(tasks, 'echoSync', [0])
       executor.submit(tasks, 'spin', [50])
       for (let i = 0; i < 1500; i++) {
         executor.submit(tasks, 'failSync', ['x' + i])
         others.push(executor.submit(tasks, 'echoSync', [i]))
       }
       executor.join()
       say('joined')`,
      { deadline: 10_000 },
    )
    expect(lines).toEqual(['joined'])
    expect(code).toBe(0)
  })

  test('does not crash the process while its event loop runs', async () => {
    const { code, stderr } = await runScript(
      system,
      `new AsyncPoolExecutor(1).submit(tasks, 'fail', ['quietly']).onDone(() => clearInterval(timer))
       const timer = setInterval(() => {}, 1000)`,
    )
    expect(code).toBe(0)
    expect(occurrences(stderr, 'Error: quietly')).toBe(1)
  })

  test('can be reported when nobody reads stderr any more, without a change of the exit code', async () => {
    const { code, lines } = await runScript(
      system,
      `fs.readSync(0, Buffer.alloc(1)) // the other end of stderr is closed
       new AsyncPoolExecutor(1).submit(tasks, 'fail', ['unheard'])
       process.on('exit', () => { new AsyncPoolExecutor(1).submit(tasks, 'fail', ['unheard too']) })
       process.on('exit', () => say('later hook'))`,
      {
        onStart(child, output) {
          child.stdout.on('data', text => (output.stdout += text))
          child.stderr.destroy()
        },
        input: 'x',
      },
    )
    expect({ code, lines }).toEqual({ code: 0, lines: ['later hook'] })
  })
})
