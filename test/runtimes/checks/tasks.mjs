import { readSync } from 'node:fs'
import { currentTask } from 'async-pool-executor/task'

export const identity = value => value
export const list = (...values) => values
export const uncloneable = () => () => 1

export async function wait(ms) {
  await new Promise(resolve => setTimeout(resolve, ms))
  return ms
}

function lift(words, index) {
  Atomics.store(words, index, 1)
  Atomics.notify(words, index)
}

/** Ends when word 1 is raised. Polls: a blocked caller can only write. */
export async function hold(words) {
  while (Atomics.load(words, 1) === 0) await new Promise(resolve => setTimeout(resolve, 1))
}

export async function raise(words) {
  lift(words, 0)
  return 'raised'
}

/** Counts how many run at once; gives the most so far. */
export async function crowd(words) {
  const running = Atomics.add(words, 0, 1) + 1
  for (let most = Atomics.load(words, 1); most < running; most = Atomics.load(words, 1))
    Atomics.compareExchange(words, 1, most, running)
  await new Promise(resolve => setTimeout(resolve, 2))
  Atomics.sub(words, 0, 1)
}

export function fails() {
  throw Object.assign(new RangeError('no'), { code: 'ERR_NO', cause: new Error('why') })
}

export async function reports(count) {
  for (let step = 0; step < count; step++) {
    currentTask().progress(step)
    await new Promise(resolve => setTimeout(resolve, 1))
  }
}

export async function finish(words) {
  await new Promise(resolve => setTimeout(resolve, 50))
  Atomics.add(words, 0, 1)
}

export const print = text => console.log(text)

/** What the other end of the standard input sends next. Blocks. */
export function readLine() {
  const bytes = new Uint8Array(100)
  for (;;) {
    try {
      return new TextDecoder().decode(bytes.subarray(0, readSync(0, bytes))).trim()
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error
    }
  }
}

export const exit = code => process.exit(code)

/** More than a worker of 32 MB can hold, and no more than any machine can. */
export function hoard() {
  const kept = []
  for (let count = 0; count < 2_000_000; count++) kept.push({ count, text: `${count}` })
  return kept.length
}

/** Ends when its signal is aborted, and says so in shared memory. */
export async function obey(words) {
  const { signal } = currentTask()
  lift(words, 1)
  await new Promise(resolve => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(resolve, 2 ** 30)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  lift(words, 0)
}
