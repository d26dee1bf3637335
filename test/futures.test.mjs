import {
  AsyncPoolExecutor,
  CancelledError,
  ExecutorClosedError,
  Future,
  TimeoutError,
} from 'async-pool-executor'
import { afterAll, describe, expect, test } from 'vitest'
import { runScript, systems } from './child.mjs'
import { awaitSignal, createExecutor, createSignals, occupy, openGate, Signal, thrownBy } from './helpers.mjs'
import { fixture, tasks } from './paths.mjs'

const executor = new AsyncPoolExecutor({ size: 4, queueSize: 100, name: 'futures' })
afterAll(() => executor.shutdown())

describe('result', () => {
  test('blocks for the value, and gives it again', () => {
    const future = executor.submit(tasks, 'add', [2, 3])
    expect(future.result()).toBe(5)
    expect(future.result()).toBe(5)
    expect(future.result(0)).toBe(5)
  })

  test('throws the error of the task each time', () => {
    const future = executor.submit(tasks, 'fail', ['no luck'])
    const first = thrownBy(() => future.result())
    expect(first.message).toBe('no luck')
    expect(thrownBy(() => future.result())).toBe(first)
  })

  test('a timeout neither cancels the task nor spoils the future', () => {
    const signals = createSignals()
    const future = executor.submit(tasks, 'hold', [signals, 'late'])
    for (const timeout of [0, 1, 20]) {
      const error = thrownBy(() => future.result(timeout))
      expect(error).toBeInstanceOf(TimeoutError)
      expect(error.code).toBe('ERR_TIMEOUT')
      expect(error.message).toMatch(/hold/)
      expect(error.message).toMatch(/futures/)
    }
    expect(future.done).toBe(false)
    openGate(signals)
    expect(future.result(10_000)).toBe('late')
  })

  test('a later call gets its own answer after an earlier one timed out', () => {
    const signals = createSignals()
    const late = executor.submit(tasks, 'hold', [signals, 'late'])
    expect(thrownBy(() => late.result(5))).toBeInstanceOf(TimeoutError)
    expect(executor.run(tasks, 'echo', ['mine'])).toBe('mine')
    openGate(signals)
    expect(executor.run(tasks, 'echo', ['mine again'])).toBe('mine again')
    expect(late.result(10_000)).toBe('late')
  })

  test('Infinity means no limit', () => {
    expect(executor.submit(tasks, 'add', [1, 1]).result(Number.POSITIVE_INFINITY)).toBe(2)
  })

  test.each(systems)(
    'a timeout does not depend on a clock that fake timers have stopped (%s)',
    async system => {
      const { lines } = await runScript(
        system,
        `const executor = new AsyncPoolExecutor(1)
       const words = new Int32Array(new SharedArrayBuffer(64))
       executor.run(tasks, 'echo', [1])
       performance.now = () => 0
       Date.now = () => 0
       try {
         executor.submit(tasks, 'hold', [words]).result(50)
       } catch (error) {
         say(error.code)
       }
       Atomics.store(words, 0, 1)
       Atomics.notify(words, 0)`,
        { deadline: 5_000 },
      )
      expect(lines).toEqual(['ERR_TIMEOUT'])
    },
  )
})

describe('error', () => {
  test('is null for a fulfilled task', () => {
    expect(executor.submit(tasks, 'add', [1, 1]).error()).toBe(null)
  })

  test('is the very error that result throws', () => {
    const future = executor.submit(tasks, 'fail', ['no luck', 'E_LUCK'])
    const error = future.error()
    expect(error).toMatchObject({ message: 'no luck', code: 'E_LUCK' })
    expect(thrownBy(() => future.result())).toBe(error)
  })

  test('times out without spoiling the future', () => {
    const signals = createSignals()
    const future = executor.submit(tasks, 'hold', [signals])
    expect(thrownBy(() => future.error(5))).toBeInstanceOf(TimeoutError)
    openGate(signals)
    expect(future.error(10_000)).toBe(null)
  })

  test('throws CancelledError for a cancelled task', () => {
    const { open } = occupy(executor)
    const future = executor.submit(tasks, 'add', [1, 1])
    future.cancel()
    expect(thrownBy(() => future.error())).toBeInstanceOf(CancelledError)
    open()
  })

  test.each([[0], [undefined], [null], ['text']])('gives an Error for a task that threw %s', value => {
    const future = executor.submit(tasks, 'throwValue', [value])
    const error = future.error()
    expect(error).toBeInstanceOf(Error)
    expect(error.cause).toBe(value)
    expect(future.state).toBe('rejected')
    let thrown = 'nothing'
    try {
      future.result()
    } catch (caught) {
      thrown = { caught }
    }
    expect(thrown).toEqual({ caught: value })
  })
})

describe('state', () => {
  test('goes from queued over running to fulfilled', () => {
    const narrow = createExecutor({ size: 1, queueSize: 1 })
    const first = createSignals()
    const second = createSignals()
    const blocker = narrow.submit(tasks, 'hold', [first])
    awaitSignal(first, Signal.Started, 1)
    const future = narrow.submit(tasks, 'hold', [second])
    expect([future.state, future.done]).toEqual(['queued', false])
    openGate(first)
    awaitSignal(second, Signal.Started, 1)
    expect([future.state, future.done]).toEqual(['running', false])
    openGate(second)
    future.result()
    expect([future.state, future.done]).toEqual(['fulfilled', true])
    expect(blocker.state).toBe('fulfilled')
  })

  test('is rejected after an error and cancelled after cancel', () => {
    const failed = executor.submit(tasks, 'fail', ['x'])
    failed.error()
    expect([failed.state, failed.done]).toEqual(['rejected', true])
    const { open } = occupy(executor)
    const cancelled = executor.submit(tasks, 'add', [1, 1])
    cancelled.cancel()
    expect([cancelled.state, cancelled.done]).toEqual(['cancelled', true])
    open()
  })

  test('becomes done without a blocking call and without the event loop', () => {
    const future = executor.submit(tasks, 'add', [1, 1])
    const deadline = performance.now() + 10_000
    while (!future.done && performance.now() < deadline);
    expect(future.done).toBe(true)
  })

  test('never goes backwards', () => {
    const narrow = createExecutor({ size: 1, queueSize: 1 })
    const rank = ['queued', 'running', 'fulfilled']
    let backwards = 0
    for (let i = 0; i < 20_000; i++) {
      const future = narrow.submit(tasks, 'echo', [i])
      for (let highest = 0; highest < 2; ) {
        const now = rank.indexOf(future.state)
        if (now < highest) backwards++
        highest = Math.max(highest, now)
      }
    }
    expect(backwards).toBe(0)
  })
})

describe('cancel', () => {
  test('a queued task never starts', () => {
    const narrow = createExecutor({ size: 1, queueSize: 3 })
    const { signals, open } = occupy(narrow)
    const futures = [1, 2, 3].map(() => narrow.submit(tasks, 'turns', [signals, 0]))
    expect(futures[1].cancel()).toBe(true)
    expect(futures[1].cancel()).toBe(false)
    open()
    narrow.join()
    expect(futures.map(future => future.state)).toEqual(['fulfilled', 'cancelled', 'fulfilled'])
    expect(Atomics.load(signals, Signal.Started)).toBe(3)
    expect(narrow.stats()).toMatchObject({ completed: 3, cancelled: 1, failed: 0, queued: 0, running: 0 })
  })

  test('gives the reason as the cause', () => {
    const { open } = occupy(executor)
    const future = executor.submit(tasks, 'add', [1, 1])
    future.cancel('changed my mind')
    const error = thrownBy(() => future.result())
    expect(error).toBeInstanceOf(CancelledError)
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', cause: 'changed my mind' })
    open()
  })

  test('is false once the task has settled', () => {
    const fulfilled = executor.submit(tasks, 'add', [1, 1])
    fulfilled.result()
    const rejected = executor.submit(tasks, 'fail', ['x'])
    rejected.error()
    expect([fulfilled.cancel(), rejected.cancel()]).toEqual([false, false])
    expect(fulfilled.result()).toBe(2)
  })

  test.each([
    ['cancelled', undefined],
    ['too late', { timeout: 1 }],
  ])('what listens to the signal of a task that is %s runs for that task', (how, options) => {
    const own = createExecutor({ size: 1, onError: 'ignore' })
    const words = new Int32Array(new SharedArrayBuffer(8))
    const listen = async words => {
      const { currentTask } = require('async-pool-executor/task')
      const { signal } = currentTask()
      const report = (index, value) => {
        Atomics.store(words, index, value)
        Atomics.notify(words, index)
      }
      return new Promise(resolve => {
        signal.addEventListener('abort', () => {
          resolve()
          report(1, currentTask().id)
        })
        report(0, 1)
      })
    }
    const future = own.submit(listen, [words], options)
    awaitSignal(words, 0, 1)
    if (how === 'cancelled') future.cancel()
    expect(awaitSignal(words, 1, 1)).toBe(future.id)
    own.join()
    expect(own.stats().restarts).toBe(0)
  })

  test('while a slot frees, each task either starts or is cancelled, and slots are not lost', () => {
    const narrow = createExecutor({ size: 1, queueSize: 2 })
    let cancelled = 0
    let ran = 0
    for (let i = 0; i < 2000; i++) {
      const signals = createSignals()
      const blocker = narrow.submit(tasks, 'turns', [signals, i % 2])
      const future = narrow.submit(tasks, 'echo', [i])
      for (let spins = i % 50; spins > 0; spins--) future.state
      if (future.cancel()) {
        cancelled++
        expect(future.state).toBe('cancelled')
      } else {
        ran++
        expect(future.result(0)).toBe(i)
      }
      blocker.result(10_000)
    }
    narrow.run(tasks, 'echo', [0]) // the worker has dealt with every cancel that was sent before
    const { running, queued, ...totals } = narrow.stats()
    expect({ running, queued }).toEqual({ running: 0, queued: 0 })
    expect(totals).toMatchObject({ completed: 2001 + ran, cancelled, failed: 0 })
  })

  test('settles once: a late outcome of a cancelled running task is dropped', () => {
    const signals = createSignals()
    const future = executor.submit(tasks, 'hold', [signals, 'late'])
    awaitSignal(signals, Signal.Started, 1)
    const states = []
    future.onDone(done => states.push(done.state))
    expect(future.cancel()).toBe(true)
    openGate(signals)
    awaitSignal(signals, Signal.Finished, 1)
    executor.run(tasks, 'echo', [0])
    expect(states).toEqual(['cancelled'])
    expect(future.state).toBe('cancelled')
  })
})

describe('promise', () => {
  test('resolves and rejects on the event loop', async () => {
    await expect(executor.submit(tasks, 'add', [1, 2]).promise()).resolves.toBe(3)
    await expect(executor.submit(tasks, 'fail', ['no']).promise()).rejects.toThrow('no')
    const settled = executor.submit(tasks, 'add', [1, 3])
    settled.result()
    await expect(settled.promise()).resolves.toBe(4)
    const failed = executor.submit(tasks, 'fail', ['no'])
    failed.error()
    await expect(failed.promise()).rejects.toThrow('no')
  })

  test('rejects when the task is cancelled', async () => {
    const { open } = occupy(executor)
    const future = executor.submit(tasks, 'add', [1, 2])
    const promise = future.promise()
    future.cancel()
    await expect(promise).rejects.toBeInstanceOf(CancelledError)
    open()
  })

  test('settles when a blocking call takes the outcome in', async () => {
    const future = executor.submit(tasks, 'add', [1, 2])
    const promise = future.promise()
    future.result()
    await expect(promise).resolves.toBe(3)
  })

  test.each(systems)('keeps the process alive while pending, and not afterwards (%s)', async system => {
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       process.on('exit', () => say('exit'))
       executor.submit(tasks, 'slow', [100, 'value']).promise().then(say)`,
    )
    expect(lines).toEqual(['value', 'exit'])
    expect(code).toBe(0)
  })

  test('a future is no thenable', async () => {
    const future = executor.submit(tasks, 'add', [1, 2])
    expect(future.then).toBeUndefined()
    expect(await future).toBe(future)
  })
})

describe('what came before the outcome', () => {
  /** A task that is done, with all its messages here, none of which has been taken in. */
  function doneUnseen() {
    executor.run(fixture('callbacks.mjs'), 'echo') // now it is loaded, and tasks start in order
    const calls = []
    const onProgress = step => calls.push(step)
    const future = executor.submit(fixture('callbacks.mjs'), 'progressTo', [2], { onProgress })
    future.onDone(() => calls.push('done'))
    const signals = createSignals()
    executor.submit(tasks, 'turns', [signals, 3])
    awaitSignal(signals, Signal.Finished, 1)
    return { future, calls }
  }

  test('is called before the promise of it is given', async () => {
    const { future, calls } = doneUnseen()
    const promise = future.promise()
    expect(calls).toEqual([1, 2, 'done'])
    expect(await promise).toBe('result')
  })

  test('is called by what only looks', () => {
    const late = doneUnseen()
    expect(late.future.cancel()).toBe(false)
    expect(late.calls).toEqual([1, 2, 'done'])
    const counted = doneUnseen()
    executor.stats()
    expect(counted.calls).toEqual([1, 2, 'done'])
  })
})

describe('onDone', () => {
  test('calls back once, with the future, in order of registration', () => {
    const signals = createSignals()
    const future = executor.submit(tasks, 'hold', [signals])
    const calls = []
    for (const name of ['a', 'b', 'c']) future.onDone(done => calls.push([name, done === future]))
    expect(calls).toEqual([])
    openGate(signals)
    future.result(10_000)
    future.result()
    executor.run(tasks, 'echo', [1])
    expect(calls).toEqual([
      ['a', true],
      ['b', true],
      ['c', true],
    ])
  })

  test('calls back at once when the task has settled', () => {
    const future = executor.submit(tasks, 'add', [1, 1])
    future.result()
    const calls = []
    future.onDone(() => calls.push(1))
    expect(calls).toEqual([1])
  })

  test('calls back on the event loop too', async () => {
    const future = executor.submit(tasks, 'add', [1, 1])
    const keepAlive = setTimeout(() => {}, 20_000)
    await new Promise(resolve => future.onDone(resolve))
    clearTimeout(keepAlive)
    expect(future.state).toBe('fulfilled')
  })

  test('calls back for rejected and cancelled tasks', () => {
    const { open } = occupy(executor)
    const states = []
    const future = executor.submit(tasks, 'add', [1, 1])
    future.onDone(done => states.push(done.state))
    future.cancel()
    open()
    const failed = executor.submit(tasks, 'fail', ['x'])
    failed.onDone(done => states.push(done.state))
    failed.error()
    expect(states).toEqual(['cancelled', 'rejected'])
  })

  test('a callback may block on other futures, whose callbacks follow', () => {
    const calls = []
    const signals = createSignals()
    const later = createSignals()
    const first = executor.submit(tasks, 'hold', [signals, 1])
    const others = [2, 3, 4].map(value => executor.submit(tasks, 'hold', [later, value]))
    first.onDone(() => {
      calls.push('begin')
      openGate(later)
      calls.push(...others.map(other => other.result(10_000)))
      calls.push(executor.run(tasks, 'echo', ['submitted inside']))
      calls.push('end')
    })
    for (const other of others) other.onDone(done => calls.push(`callback ${done.result()}`))
    openGate(signals)
    first.result(10_000)
    executor.join()
    expect(calls.slice(0, 6)).toEqual(['begin', 2, 3, 4, 'submitted inside', 'end'])
    expect(calls.slice(6).sort()).toEqual(['callback 2', 'callback 3', 'callback 4'])
  })

  test.each(systems)('a callback that throws is reported and disturbs nothing else (%s)', async system => {
    const { code, lines, stderr } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       const future = executor.submit(tasks, 'echo', ['value'])
       future.onDone(() => { throw new Error('thrown by a callback') })
       future.onDone(() => say('the next callback'))
       say(future.result())`,
    )
    expect(code).toBe(0)
    expect(lines).toEqual(['the next callback', 'value'])
    expect(stderr.match(/Error: thrown by a callback/g)).toHaveLength(1)
  })

  test('many callbacks that are due at once are called in reasonable time', () => {
    const wide = createExecutor({ size: 1, queueSize: 200_000 })
    const { open } = occupy(wide)
    let calls = 0
    const futures = []
    for (let i = 0; i < 100_000; i++) futures.push(wide.submit(tasks, 'echo', [i]))
    for (const future of futures) future.onDone(() => calls++)
    open()
    expect(wide.join(20_000)).toBe(true)
    expect(calls).toBe(100_000)
  })
})

describe('join', () => {
  test('is true at once when nothing is accepted', () => {
    expect(new AsyncPoolExecutor(1).join()).toBe(true)
    expect(new AsyncPoolExecutor(1).join(0)).toBe(true)
  })

  test('is false when the time is up, and true when all is done', () => {
    const { open } = occupy(executor)
    expect(executor.join(10)).toBe(false)
    expect(executor.join(0)).toBe(false)
    open()
    expect(executor.join()).toBe(true)
    expect(executor.stats()).toMatchObject({ queued: 0, running: 0 })
    expect(executor.closed).toBe(false)
  })

  test('blocks until nothing is running, cancelled tasks included', () => {
    const { signals, futures, open } = occupy(executor)
    for (const future of futures) future.cancel()
    const joined = executor.join(20)
    const { running } = executor.stats()
    open()
    awaitSignal(signals, Signal.Finished, executor.size)
    expect({ joined, running }).toEqual({ joined: false, running: executor.size })
    expect(executor.join(10_000)).toBe(true)
  })
})

describe('shutdown', () => {
  test('drains, reports, closes, and may be called again', () => {
    const closing = new AsyncPoolExecutor({ size: 2, name: 'closing' })
    const futures = [1, 2, 3].map(value => closing.submit(tasks, 'add', [value, value]))
    const failed = closing.submit(tasks, 'fail', ['x'])
    failed.onDone(() => failed.error())
    const report = { completed: 3, failed: 1, cancelled: 0, abandoned: 0 }
    expect(closing.shutdown()).toEqual(report)
    expect(closing.closed).toBe(true)
    expect(futures.map(future => future.result())).toEqual([2, 4, 6])
    expect(closing.shutdown()).toEqual(report)
    expect(closing.shutdown({ wait: false, cancelPending: true, timeout: 0 })).toEqual(report)
    for (const submit of ['submit', 'trySubmit', 'run']) {
      const error = thrownBy(() => closing[submit](tasks, 'add', [1, 1]))
      expect(error).toBeInstanceOf(ExecutorClosedError)
      expect(error.code).toBe('ERR_EXECUTOR_CLOSED')
      expect(error.message).toMatch(/closing/)
    }
    expect(thrownBy(() => [...closing.map(tasks, 'echo', [1])])).toBeInstanceOf(ExecutorClosedError)
    expect(closing.join()).toBe(true)
    expect(closing.stats()).toMatchObject({ queued: 0, running: 0, completed: 3, failed: 1 })
  })

  test('of an executor that never ran anything works', () => {
    const idle = new AsyncPoolExecutor(1)
    expect(idle.shutdown()).toEqual({ completed: 0, failed: 0, cancelled: 0, abandoned: 0 })
    expect(idle.closed).toBe(true)
  })

  test('with wait: false returns at once, and accepted tasks are still done', () => {
    const closing = new AsyncPoolExecutor({ size: 1, queueSize: 2 })
    const { futures, open } = occupy(closing)
    const queued = closing.submit(tasks, 'add', [1, 1])
    expect(closing.shutdown({ wait: false }).completed).toBe(0)
    expect(thrownBy(() => closing.submit(tasks, 'add', [1, 1]))).toBeInstanceOf(ExecutorClosedError)
    open()
    expect(queued.result(10_000)).toBe(2)
    expect(futures[0].state).toBe('fulfilled')
    expect(closing.shutdown()).toEqual({ completed: 2, failed: 0, cancelled: 0, abandoned: 0 })
  })

  test('with cancelPending cancels what has not started and finishes the rest', () => {
    const closing = new AsyncPoolExecutor({ size: 2, queueSize: 3 })
    const { signals, futures, open } = occupy(closing)
    const queued = [1, 2, 3].map(() => closing.submit(tasks, 'turns', [signals, 0]))
    closing.shutdown({ wait: false, cancelPending: true })
    expect(queued.map(future => future.state)).toEqual(['cancelled', 'cancelled', 'cancelled'])
    open()
    expect(closing.shutdown()).toEqual({ completed: 2, failed: 0, cancelled: 3, abandoned: 0 })
    expect(futures.map(future => future.state)).toEqual(['fulfilled', 'fulfilled'])
    expect(Atomics.load(signals, Signal.Started)).toBe(2)
  })

  test('with a timeout abandons what is unsettled', () => {
    const closing = new AsyncPoolExecutor({ size: 1, queueSize: 2 })
    const done = closing.submit(tasks, 'add', [1, 1])
    done.result()
    const { futures } = occupy(closing)
    const queued = closing.submit(tasks, 'add', [1, 1])
    expect(closing.shutdown({ timeout: 20 })).toEqual({ completed: 1, failed: 0, cancelled: 0, abandoned: 2 })
    for (const future of [...futures, queued])
      expect(thrownBy(() => future.result(10_000))).toBeInstanceOf(ExecutorClosedError)
  })

  test('from a callback works', () => {
    const closing = new AsyncPoolExecutor({ size: 1, queueSize: 5 })
    const { futures, open } = occupy(closing)
    const queued = closing.submit(tasks, 'add', [1, 1])
    let report
    futures[0].onDone(() => {
      report = closing.shutdown()
    })
    open()
    expect(queued.result(10_000)).toBe(2)
    expect(report).toEqual({ completed: 2, failed: 0, cancelled: 0, abandoned: 0 })
  })

  test.each(systems)(
    'from a getter in the arguments leaves no accepted task without an end (%s)',
    async system => {
      const { lines, code } = await runScript(
        system,
        `const executor = new AsyncPoolExecutor(1)
       executor.run(tasks, 'echo', [1])
       try {
         const future = executor.submit(tasks, 'echo', [{ get value() { executor.shutdown(); return 1 } }])
         say('accepted')
         say(JSON.stringify(future.result(2_000)))
       } catch (error) {
         say(error.code)
       }
       process.on('exit', () => process.reallyExit(0))
       executor.join(2_000)`,
      )
      expect(code).toBe(0)
      expect([['ERR_EXECUTOR_CLOSED'], ['accepted', '{"value":1}']]).toContainEqual(lines)
    },
  )

  test('Symbol.dispose shuts down', () => {
    const closing = new AsyncPoolExecutor(1)
    closing.submit(tasks, 'add', [1, 1])
    closing[Symbol.dispose]()
    expect(closing.closed).toBe(true)
    expect(closing.stats().completed).toBe(1)
  })
})

describe('executor', () => {
  test('shows its name, sizes and whether it is closed', () => {
    expect(new AsyncPoolExecutor()).toMatchObject({ size: 10, queueSize: 10, closed: false })
    expect(new AsyncPoolExecutor().name).toBe('async-pool-executor')
    expect(new AsyncPoolExecutor(3)).toMatchObject({ size: 3, queueSize: 3 })
    expect(new AsyncPoolExecutor({ size: 2, queueSize: 0, name: 'n' })).toMatchObject({
      size: 2,
      queueSize: 0,
      name: 'n',
    })
  })

  test('futures have ids that count up, and are instances of Future', () => {
    const own = createExecutor(1)
    const futures = [1, 2, 3].map(value => own.submit(tasks, 'echo', [value]))
    expect(futures.map(future => future.id)).toEqual([1, 2, 3])
    for (const future of futures) expect(future).toBeInstanceOf(Future)
    expect(() => new Future()).toThrow(TypeError)
  })

  test('stats name as many running tasks as they count, right after a call too', () => {
    const own = createExecutor({ size: 1, queueSize: 9 })
    for (let i = 0; i < 2000; i++) {
      own.run(tasks, 'echo', [i])
      const { running, tasks: named } = own.stats()
      expect({ running, named }).toEqual({ running: 0, named: [] })
    }
  })

  test('stats go on naming a task that has settled and runs, whatever others come and go', () => {
    const own = createExecutor({ size: 2, queueSize: 9 })
    const signals = createSignals()
    const held = own.submit(tasks, 'hold', [signals])
    awaitSignal(signals, Signal.Started, 1)
    held.cancel()
    for (let i = 0; i < 500; i++) {
      own.run(tasks, 'echo', [i])
      const { running, tasks: named } = own.stats()
      expect({ running, ids: named.map(({ id }) => id) }).toEqual({ running: 1, ids: [held.id] })
    }
    openGate(signals)
  })

  test('stats count every outcome', () => {
    const own = createExecutor({ size: 1, queueSize: 9 })
    expect(own.stats()).toMatchObject({
      queued: 0,
      running: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
      restarts: 0,
    })
    const { open } = occupy(own)
    own.submit(tasks, 'fail', ['x']).onDone(future => future.error())
    own.submit(tasks, 'echo', ['x']).cancel()
    own.submit(tasks, 'echo', ['x'])
    open()
    own.join()
    expect(own.stats()).toMatchObject({
      queued: 0,
      running: 0,
      completed: 2,
      failed: 1,
      cancelled: 1,
      restarts: 0,
    })
  })
})
