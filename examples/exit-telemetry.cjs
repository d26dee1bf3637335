/*
 * Metrics are kept in memory and posted over HTTP when the process ends. An exit hook cannot wait for a promise, so
 * with fetch() alone all of them would be lost; the executor keeps the process until the last one has arrived.
 */
const { mkdtempSync, readFileSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { AsyncPoolExecutor } = require('async-pool-executor')

const executor = new AsyncPoolExecutor({ size: 4 })
const metrics = []

// Exit hooks run in the order of their registration. The executor registers its own with its first task, which
// starts the collector: it waits for all that the first hook has submitted, before the last one looks what came.
process.on('exit', postMetrics)
const folder = mkdtempSync(join(tmpdir(), 'telemetry-'))
const collected = join(folder, 'metrics.jsonl')
const collector = executor.run('./tasks/child.mjs', 'start', [
  join(__dirname, 'exit-telemetry/collector.cjs'),
  collected,
])
process.on('exit', reportCollected)

for (let order = 1; order <= 1000; order++) ship(order)

function ship(order) {
  record('orders.started', order)
  if (order === 618) {
    console.log(`order ${order}: the warehouse is on fire, after ${metrics.length} metrics`)
    process.exit(3)
  }
  record('orders.shipped', order)
}

function record(name, value) {
  metrics.push({ number: metrics.length + 1, name, value })
}

function postMetrics() {
  for (let from = 0; from < metrics.length; from += 50)
    executor.submit('./tasks/post-metrics.mjs', 'postMetrics', [collector, metrics.slice(from, from + 50)])
}

/** Waits for nothing: what the collector does not have by now is lost. */
function reportCollected() {
  const numbers = readFileSync(collected, 'utf8').match(/(?<="number":)\d+/g)
  console.log(`collector: ${numbers.length} metrics arrived, ${new Set(numbers).size} different ones`)
  rmSync(folder, { recursive: true })
}
