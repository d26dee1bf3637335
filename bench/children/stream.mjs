// Reads a trivial async generator of the worker; prints items a second, and how much a million items add to memory.
import { AsyncPoolExecutor } from 'async-pool-executor'

const items = 1_000_000
const tasks = new URL('../peers/tasks.mjs', import.meta.url).href
const executor = new AsyncPoolExecutor()

readAll(100_000)
const before = process.memoryUsage().rss
const start = performance.now()
readAll(items)
const seconds = (performance.now() - start) / 1000
console.log(JSON.stringify({ rate: items / seconds, megabytes: (process.memoryUsage().rss - before) / 1e6 }))

function readAll(count) {
  let next = 0
  for (const item of executor.stream(tasks, 'count', [count]))
    if (item !== next++) throw new Error(`got ${item}`)
  if (next !== count) throw new Error(`${next} items instead of ${count}`)
}
