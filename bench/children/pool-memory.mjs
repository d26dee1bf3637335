// usage: pool-memory.mjs <pool | semaphore> <tasks>: prints [tasks handed over, resident bytes] pairs and delays of the event loop
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { AsyncPool } from 'async-pool-executor/async'
import { Semaphore } from '../peers/semaphore.mjs'

const size = 1000
const [, , way, given] = process.argv
const count = Number(given)

/** Takes one turn of the event loop, as anything does that reads or writes. */
const task = value => new Promise(resolve => setImmediate(resolve, value))

const samples = []
function sample(handedOver) {
  const step = handedOver < 1_000_000 ? 20_000 : 100_000
  if (handedOver % step === 0) samples.push([handedOver, process.memoryUsage.rss()])
}

const ways = {
  async pool() {
    const pool = new AsyncPool({ size })
    for (let i = 1; i <= count; i++) {
      await pool.submit(task, i)
      sample(i)
    }
    await pool.join()
  },
  async semaphore() {
    const semaphore = new Semaphore(size)
    const results = []
    for (let i = 1; i <= count; i++) {
      results.push(semaphore.run(() => task(i)))
      sample(i)
    }
    await Promise.all(results)
  },
}

const delays = monitorEventLoopDelay({ resolution: 1 })
delays.enable()
await new Promise(resolve => setTimeout(resolve, 20)) // the first reading is a start
const start = performance.now()
await ways[way]()
const seconds = (performance.now() - start) / 1000
await new Promise(resolve => setTimeout(resolve, 20)) // a delay is seen when it is over
delays.disable()
samples.push([count, process.memoryUsage.rss()])
const ms = nanoseconds => nanoseconds / 1e6
console.log(
  JSON.stringify({
    samples,
    seconds,
    delay: { p99: ms(delays.percentile(99)), max: ms(delays.max) },
  }),
)
