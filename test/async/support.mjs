import { AsyncPool } from 'async-pool-executor/async'
import { onTestFinished } from 'vitest'
import { file, node } from '../child.mjs'

/** A pool that ends with the test, whatever state that leaves it in. */
export function createPool(options) {
  const pool = new AsyncPool(options)
  onTestFinished(async () => {
    await pool.shutdown({ cancelPending: true, timeout: 0 })
  })
  return pool
}

/** Everything that can happen without a timer or input has happened: promises settle within a turn. */
export async function settle() {
  for (let turn = 0; turn < 3; turn++) await new Promise(resolve => setImmediate(resolve))
}

/** Tasks that run until they are told to end, and tell how many of them ran at once. */
export class Work {
  /** Ids in the order of their starts. */
  started = []
  ended = []
  most = 0
  #running = new Map()

  /** To be given to a pool. */
  task = id =>
    new Promise((resolve, reject) => {
      this.started.push(id)
      this.#running.set(id, { resolve, reject })
      this.most = Math.max(this.most, this.#running.size)
    }).finally(() => this.ended.push(id))

  get running() {
    return [...this.#running.keys()]
  }

  finish(id, value = id) {
    this.#take(id).resolve(value)
    return settle()
  }

  fail(id, error) {
    this.#take(id).reject(error)
    return settle()
  }

  /** Ends the oldest until none is left and none follows. */
  async finishAll() {
    for (await settle(); this.#running.size > 0; await settle())
      for (const id of this.running) this.#take(id).resolve(id)
  }

  #take(id) {
    const found = this.#running.get(id)
    if (found === undefined) throw new Error(`${id} is not running; ${this.running} are`)
    this.#running.delete(id)
    return found
  }
}

/** Whether a promise has settled, and how. */
export function watch(promise) {
  const seen = { state: 'pending', value: undefined }
  promise.then(
    value => Object.assign(seen, { state: 'fulfilled', value }),
    value => Object.assign(seen, { state: 'rejected', value }),
  )
  return seen
}

/** The error that a promise rejects with. */
export async function rejectionOf(promise) {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('it was fulfilled')
}

/** Numbers from a seed, for tests that must be repeatable (mulberry32). */
export function randomFrom(seed) {
  let state = seed
  return below => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below
  }
}

/** Runs a script with a pool's names at hand; it is killed if it hangs. */
export function runPoolScript(body, options) {
  const source = `import { AsyncPool, shutdownAll, DeadlockError } from 'async-pool-executor/async'
import { setTimeout as sleep } from 'node:timers/promises'
const turn = () => new Promise(resolve => setImmediate(resolve))
const say = (...values) => console.log(values.join(' '))
${body}`
  return node([file('script.mjs', source)], options)
}
