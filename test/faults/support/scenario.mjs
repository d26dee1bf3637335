import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { MessageChannel } from 'node:worker_threads'
import { createWords, markDeath, timeOfDeath, Word } from '../fixtures/words.mjs'
import { expected, optionsFor, wrongDeath } from './cells.mjs'

export const { AsyncPoolExecutor, workers } = createRequire(import.meta.url)('./package.cjs')

export const tasks = new URL('../fixtures/tasks.mjs', import.meta.url)
const longest = 8_000

export function capture(call) {
  try {
    return { value: call() }
  } catch (error) {
    return { error }
  }
}

export async function captureAsync(promise) {
  try {
    return { value: await promise }
  } catch (error) {
    return { error }
  }
}

/**
 * Three tasks fill the executor: one that pings the caller, one that may be run again, and the one at fault. The
 * first ping that arrives while the caller waits lets the fault happen.
 */
export class Scenario {
  problems = []
  latency = undefined
  words = createWords()
  #waiting = false
  #gone = false
  #queued = []

  constructor(moment, cause, waiter) {
    Object.assign(this, { moment, cause, waiter })
    this.expected = expected(moment, cause)
    this.executor = new AsyncPoolExecutor({ size: 3, queueSize: 3, onError: 'ignore', ...optionsFor(cause) })
  }

  /** Starts what runs, and for all waiters but map, which does so by itself, the task at fault. */
  start() {
    const { executor, words, cause, moment } = this
    executor.run(tasks, 'share', [words, cause])
    this.ping = executor.submit(tasks, 'ping', [words], { onProgress: () => this.#onPing() })
    this.survivor = executor.submit(tasks, 'survive', [words], { idempotent: true })
    this.module = moment === 'load' ? new URL(`./dies-at-load.mjs?${Math.random()}`, tasks) : tasks
    this.name = moment === 'result' ? 'dieEncoding' : 'dieRunning'
    if (this.waiter === 'map') return
    this.victim = executor.submit(this.module, this.name, [cause, words])
    for (const item of [1, 2]) this.#queue(item)
  }

  /** Blocks in the way under test, and lets the fault happen meanwhile. */
  wait() {
    this.#waiting = this.waiter !== 'map'
    const result = this.#wait()
    this.latency = this.#since()
    return result
  }

  async waitAsync() {
    this.#waiting = true
    const outcome = await captureAsync(this.victim.promise())
    this.latency = this.#since()
    this.expect(process._exiting !== true, 'the process ended with the worker, though a promise was awaited')
    this.#checkVictim(outcome)
  }

  /** For the drain at exit, which waits by itself. */
  expectFault() {
    this.#waiting = true
  }

  /** Everything settled, in the way it should. */
  check() {
    const { dies } = this.expected
    if (this.victim !== undefined) this.#checkVictim(capture(() => this.victim.result(longest)))
    this.#checkPing(capture(() => this.ping.result(longest)))
    const { value: attempt, error } = capture(() => this.survivor.result(longest))
    this.expect(attempt === (dies ? 2 : 1), `the idempotent task: attempt ${attempt}, ${error}`)
    for (const [index, future] of this.#queued.entries()) {
      const { value, error } = capture(() => future.result(longest))
      // The first one starts in the very turn in which the task at fault settles, and before its result is encoded.
      const hasStarted = index === 0 && this.moment === 'result' && error?.name === 'WorkerDiedError'
      this.expect(value === index + 1 || hasStarted, `queued task ${index + 1}: ${value}, ${error}`)
    }
    // What a map cancels when it ends early is settled at once, and leaves the worker a little later.
    if (this.waiter === 'map') until(() => this.#inWorker === 0, 'the cancelled tasks to leave the worker')
    this.expect(this.#inWorker === 0, `stats: ${this.#inWorker} tasks queued or running`)
    const { restarts } = this.executor.stats()
    this.expect(restarts === (dies ? 1 : 0), `stats: ${restarts} restarts`)
  }

  get #inWorker() {
    const { queued, running } = this.executor.stats()
    return queued + running
  }

  finish() {
    const { abandoned } = this.executor.shutdown({ timeout: longest })
    this.expect(abandoned === 0, `${abandoned} tasks abandoned`)
  }

  expect(condition, problem) {
    if (!condition) this.problems.push(problem)
  }

  #wait() {
    switch (this.waiter) {
      case 'result':
        return this.#checkVictim(capture(() => this.victim.result()))
      case 'submit':
        for (const item of [3, 4]) this.#queue(item)
        break
      case 'join':
        return this.expect(this.executor.join() === true, 'join returned false')
      case 'map':
        return this.#map()
    }
  }

  #map() {
    const { cause, words, name: kind } = this
    const waits = () => {
      this.#waiting = true
    }
    function* items() {
      yield { kind, cause, words }
      waits() // not before: the task at fault is on its way now
      yield { item: 1 }
      yield { item: 2 }
    }
    until(() => this.survivor.state === 'running', 'the neighbours') // map reads no further item into a full queue
    const results = this.executor.map(this.module, 'handle', items())
    const { value, error } = capture(() => results.next())
    this.#checkVictim({ value: value?.value, error })
  }

  #queue(item) {
    this.#queued.push(this.executor.submit(tasks, 'value', [item]))
  }

  #checkVictim({ value, error }) {
    const { victim } = this.expected
    if (victim === 'died') {
      const wrong = wrongDeath(error, this.cause)
      this.expect(wrong === undefined, `the error of the task at fault ${wrong}`)
    } else if (victim === 'failed') this.expect(error?.message === 'boom', `the task at fault: ${error}`)
    else this.expect(value?.trap === 'encoded', `the task at fault: ${value}, ${error}`)
  }

  #checkPing({ value, error }) {
    if (this.expected.dies) {
      const wrong = wrongDeath(error, this.cause)
      this.expect(wrong === undefined, `the error of the neighbour ${wrong}`)
    } else this.expect(value === 'not killed', `the neighbour: ${value}, ${error}`)
  }

  #onPing() {
    if (!this.#waiting || this.#gone) return
    this.#gone = true
    if (!this.expected.dies) Atomics.store(this.words, Word.Quit, 1)
    Atomics.store(this.words, Word.Go, 1)
    if (this.cause === 'terminate') terminate(this.words)
  }

  #since() {
    const time = timeOfDeath(this.words)
    return this.expected.dies && time > 0 ? Date.now() - time : undefined
  }
}

/** From outside, as soon as the worker is where the fault is to happen. */
export function terminate(words) {
  if (Atomics.wait(words, Word.Doomed, 0, longest) === 'timed-out') throw new Error('the worker is not there')
  markDeath(words)
  workers.at(-1).terminate()
}

/** Says without an event loop whether the worker lives: by the other end of a port, or by the folder of its thread. */
export function watchDeath(executor) {
  const { port1, port2 } = new MessageChannel()
  port1.unref()
  const folder = executor.run(tasks, 'hold', [port2], { transferList: [port2] })
  return port1.postMessage(0) === true ? () => port1.postMessage(0) !== true : () => !existsSync(folder)
}

const pause = new Int32Array(new SharedArrayBuffer(4))

/** Blocks until it holds. There is no event to wait for: that a thread is dead is nothing that it could tell. */
export function until(condition, what) {
  const deadline = Date.now() + longest
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`)
    Atomics.wait(pause, 0, 0, 1)
  }
}
