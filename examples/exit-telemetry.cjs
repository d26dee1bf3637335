/*
 * Metrics are kept in memory and posted over HTTP when the process ends. An exit hook cannot wait for a promise, so
 * with fetch() alone all of them would be lost; the executor keeps the process until the last one has arrived.
 */
const { join } = require('node:path')
const { AsyncPoolExecutor } = require('async-pool-executor')

const executor = new AsyncPoolExecutor({ size: 4 })
const metrics = []

// Exit hooks run in the order of their registration, and the executor registers its own with its first task: it
// waits for what this one has submitted.
process.on('exit', postMetrics)
const collector = executor.run('./tasks/child.mjs', 'start', [
  join(__dirname, 'exit-telemetry/collector.cjs'),
])
process.on('exit', askCollector)

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

function askCollector() {
  console.log(`collector: ${executor.run('./tasks/child.mjs', 'stop')}`)
}
