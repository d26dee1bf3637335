/* `node --expose-gc leak-child.mjs <way>`: 100,000 waits that end in some way, and what the memory is before and after. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Lock } from 'async-pool-executor/sync'

const waits = 100_000
const batch = 500

const held = new Lock()
held.acquire()
const { signal } = new AbortController()

function isExpected(error) {
  if (error.code !== 'ERR_TIMEOUT' && error.code !== 'ERR_CANCELLED') throw error
}

async function together(wait) {
  await Promise.all(Array.from({ length: batch }, () => wait().catch(isExpected)))
  await nextTurn()
}

const ways = {
  async 'blocking, timed out'() {
    for (let done = 0; done < batch; done++) {
      try {
        held.acquire(0.001)
      } catch (error) {
        isExpected(error)
      }
    }
  },
  'awaiting, timed out': () => together(() => held.acquireAsync({ timeout: 1 })),
  'awaiting with one signal, timed out': () => together(() => held.acquireAsync({ timeout: 1, signal })),
  'awaiting, aborted': () =>
    together(() => {
      const controller = new AbortController()
      const waiting = held.acquireAsync({ signal: controller.signal })
      controller.abort()
      return waiting
    }),
  'awaiting, acquired': async () => {
    const lock = new Lock()
    await together(async () => (await lock.acquireAsync()).release())
  },
  'awaiting a lock of its own, timed out': () =>
    together(async () => {
      const lock = new Lock()
      lock.acquire()
      try {
        await lock.acquireAsync({ timeout: 1 })
      } finally {
        lock.release()
      }
    }),
}

/**
 * One collection is not enough: V8 frees the memory of array buffers in a thread of its own, whose work is first
 * counted by the next collection; and what waitAsync has kept is let go in a turn of its own.
 */
async function memory() {
  for (let round = 0; round < 5; round++) {
    for (let turn = 0; turn < 5; turn++) await nextTurn()
    gc()
  }
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
  return { heap: heapUsed + arrayBuffers, rss }
}

async function run(wait, count) {
  for (let done = 0; done < count; done += batch) await wait()
}

const wait = ways[process.argv[2]]
await run(wait, waits / 5)
const before = await memory()
await run(wait, waits)
const after = await memory()
console.log(
  JSON.stringify({
    heapPerWait: (after.heap - before.heap) / waits,
    rss: Math.round((after.rss - before.rss) / 2 ** 20),
  }),
)
