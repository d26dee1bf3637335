// usage: http-client.mjs <port>: prints requests a second by variant, for each round
import { AsyncPoolExecutor } from 'async-pool-executor'
import { interleave } from '../lib/stats.mjs'
import { bodyOf, fetchBody } from '../peers/http-tasks.mjs'

const size = 1000
const count = 20_000
const rounds = 4
const tasks = new URL('../peers/http-tasks.mjs', import.meta.url).href

const port = Number(process.argv[2])
const executor = new AsyncPoolExecutor({ size })

const variants = {
  'async-pool-executor': () => timed(withExecutor),
  'by hand': () => timed(byHand),
}
await interleave(variants, 1) // opens the sockets, warms up the code
const rates = await interleave(variants, rounds)
console.log(JSON.stringify(rates))
process.exit()

function withExecutor() {
  const futures = []
  for (let id = 0; id < count; id++) futures.push(executor.submit(tasks, 'fetchBody', [port, id]))
  return futures.filter((future, id) => future.result() === bodyOf(id)).length
}

async function byHand() {
  const semaphore = createSemaphore(size)
  const fetchWhenFree = async id => {
    await semaphore.acquire()
    try {
      return await fetchBody(port, id)
    } finally {
      semaphore.release()
    }
  }
  const bodies = await Promise.all(Array.from({ length: count }, (_, id) => fetchWhenFree(id)))
  return bodies.filter((body, id) => body === bodyOf(id)).length
}

function createSemaphore(slots) {
  let free = slots
  let next = 0
  const waiting = []
  return {
    acquire: () => (free-- > 0 ? undefined : new Promise(resolve => waiting.push(resolve))),
    release() {
      free++
      if (next < waiting.length) waiting[next++]()
    },
  }
}

async function timed(variant) {
  const start = performance.now()
  const correct = await variant()
  const seconds = (performance.now() - start) / 1000
  if (correct !== count) throw new Error(`${correct} of ${count} responses are correct`)
  return count / seconds
}
