/*
 * `node million-child.mjs <calls>`: identity calls, one by one and through a full queue, synchronous and not.
 *
 * A wake-up that is lost does not hang: a sleeper looks after its worker every 50 ms, and that look wakes both. So what
 * counts is how many sleeps ended by that look, though an answer takes microseconds.
 */
import { createRequire } from 'node:module'

let overslept = 0
const { wait } = Atomics
Atomics.wait = (array, index, value, timeout) => {
  const outcome = wait(array, index, value, timeout)
  if (outcome === 'timed-out' && timeout > 40) overslept++
  return outcome
}

const { AsyncPoolExecutor } = createRequire(import.meta.url)('../../faults/support/package.cjs')
const module = new URL('../fixtures/identity.mjs', import.meta.url)
const executor = new AsyncPoolExecutor({ size: 4, queueSize: 8 })
executor.run(module, 'identity', [0]) // the worker's start is no round trip
executor.run(module, 'identityLater', [0])
overslept = 0

const calls = Number(process.argv[2])
let wrong = 0
let made = 0
let slowest = 0

const ways = {
  'one by one': (from, to) => {
    for (let value = from; value < to; value++) {
      const start = performance.now()
      check(executor.run(module, 'identity', [value]), value)
      slowest = Math.max(slowest, performance.now() - start)
    }
  },
  'through a full queue': (from, to) => {
    const futures = []
    for (let value = from; value < to; value++) {
      futures.push(executor.submit(module, 'identity', [value]))
      if (futures.length === 20) drain(futures, value - 19)
    }
    drain(futures, to - futures.length)
  },
  'over a turn of the loop': (from, to) => {
    let expected = from
    const values = Array.from({ length: to - from }, (_, index) => from + index)
    for (const value of executor.map(module, 'identityLater', values)) check(value, expected++)
  },
}

function drain(futures, from) {
  for (const [index, future] of futures.entries()) check(future.result(), from + index)
  futures.length = 0
}

function check(value, expected) {
  made++
  if (value !== expected) wrong++
}

const shares = { 'one by one': 0.45, 'through a full queue': 0.45, 'over a turn of the loop': 0.1 }
const seconds = {}
for (const [way, share] of Object.entries(shares)) {
  const start = performance.now()
  ways[way](made, made + Math.round(calls * share))
  seconds[way] = Number(((performance.now() - start) / 1000).toFixed(1))
}
const { completed, failed } = executor.shutdown()
console.log(
  JSON.stringify({ calls: made, wrong, completed, failed, overslept, slowest: Math.ceil(slowest), seconds }),
)
