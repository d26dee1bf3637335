// usage: pool-overhead.mjs: prints ns by measure and library
import { interleave, median, quantile } from '../lib/stats.mjs'
import { pools } from '../peers/pools.mjs'

const size = 100
const rounds = 10
const warmUp = 3
const calls = 10_000

const echo = async value => value

/** One call after the other, each timed. */
async function timeCalls({ run }) {
  const times = new Float64Array(calls)
  for (let i = 0; i < calls; i++) {
    const start = performance.now()
    await run(i)
    times[i] = performance.now() - start
  }
  return { median: quantile(times, 0.5) * 1e6, p99: quantile(times, 0.99) * 1e6 }
}

/**
 * CPU time a call: one thread has nothing to wait for here, and other programs, which have a thousand times as long to
 * come in between as in a single call, take no part of it.
 */
async function timeCpu(work) {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return ((user + system) / calls) * 1e3
}

/** All calls at once, most of which wait for their turn. */
function timeBurst({ run }) {
  return timeCpu(() => Promise.all(Array.from({ length: calls }, (_, i) => run(i))))
}

function timeHandOver({ handOver }) {
  return timeCpu(() => handOver(calls))
}

const created = Object.entries(pools).map(([name, create]) => [name, create(size, echo)])

/** @returns {Promise<Record<string, any[]>>} by library, for each round */
async function measure(time) {
  const subjects = Object.fromEntries(created.map(([name, pool]) => [name, () => time(pool)]))
  await interleave(subjects, warmUp)
  return interleave(subjects, rounds)
}

const single = await measure(timeCalls)
const burst = await measure(timeBurst)
const handOver = await measure(timeHandOver)
const results = created.map(([name]) => [
  name,
  {
    median: median(single[name].map(round => round.median)),
    p99: median(single[name].map(round => round.p99)),
    burst: median(burst[name]),
    handOver: median(handOver[name]),
  },
])
console.log(JSON.stringify(Object.fromEntries(results)))
