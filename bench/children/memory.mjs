// usage: memory.mjs <ours | piscina>: submits in one synchronous loop and prints [submits, resident bytes] pairs
import { fileURLToPath } from 'node:url'
import { AsyncPoolExecutor } from 'async-pool-executor'
import { Piscina } from 'piscina'

const tasks = new URL('../peers/tasks.mjs', import.meta.url)
const concurrency = 100

const submitters = {
  ours: {
    count: 10_000_000,
    create() {
      const executor = new AsyncPoolExecutor()
      return i => executor.submit(tasks.href, 'echo', [i])
    },
  },
  // Nothing holds its loop back, so that one needs bounds of its own.
  piscina: {
    count: 1_000_000,
    create() {
      const pool = new Piscina({
        filename: fileURLToPath(tasks),
        minThreads: 1,
        maxThreads: 1,
        concurrentTasksPerWorker: concurrency,
      })
      return i => pool.run(i)
    },
  },
}

const mostBytes = 4 * 2 ** 30
const longest = 90_000

const { count, create } = submitters[process.argv[2]]
const submit = create()
const samples = []
const start = performance.now()
for (let done = 0; done < count; ) {
  const step = done < 1_000_000 ? 20_000 : 100_000
  for (let i = 0; i < step; i++) submit(done++)
  const bytes = process.memoryUsage.rss()
  samples.push([done, bytes])
  if (bytes > mostBytes || performance.now() - start > longest) break
}
console.log(JSON.stringify({ samples, seconds: (performance.now() - start) / 1000 }))
if (process.argv[2] === 'piscina') process.exit()
