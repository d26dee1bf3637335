// usage: cpu.mjs: times four CPU-bound tasks in two threads, by way of running them; prints ms by way and round
import { fileURLToPath } from 'node:url'
import { AsyncPoolExecutor } from 'async-pool-executor'
import { Piscina } from 'piscina'
import { interleave } from '../lib/stats.mjs'

const threads = 2
const tasks = 4
const rounds = 8
const filename = fileURLToPath(new URL('../peers/cpu-task.mjs', import.meta.url))
const inputs = Array.from({ length: tasks }, (_, i) => i)

const executor = new AsyncPoolExecutor({ size: tasks, cpuThreads: threads, idleTimeout: Infinity })
const pool = new Piscina({ filename, name: 'compute', minThreads: threads, maxThreads: threads })

const subjects = {
  'async-pool-executor (offload)': () => time(submitAll),
  'async-pool-executor (offload() in a task)': () => time(runParts),
  piscina: () => time(() => Promise.all(inputs.map(input => pool.run(input)))),
  'async-pool-executor (without offload)': () => time(() => submitAll({})),
}

const results = {}
for (const [name, run] of Object.entries(subjects)) results[name] = (await run()).results // starts threads, warms up
for (const [name, values] of Object.entries(results))
  if (String(values) !== String(results.piscina)) throw new Error(`${name} computed ${values}`)
const runs = await interleave(subjects, rounds)
const times = Object.entries(runs).map(([name, values]) => [name, values.map(({ ms }) => ms)])
console.log(JSON.stringify(Object.fromEntries(times)))
process.exit()

async function time(run) {
  const start = performance.now()
  const results = await run()
  return { ms: performance.now() - start, results }
}

function submitAll(options = { offload: true }) {
  const futures = inputs.map(input => executor.submit(filename, 'compute', [input], options))
  return futures.map(future => future.result())
}

function runParts() {
  const futures = inputs.map(input => executor.submit(filename, 'computeElsewhere', [input]))
  return futures.map(future => future.result())
}
