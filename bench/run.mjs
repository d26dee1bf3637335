// usage: node bench/run.mjs [section ...]: measures, prints tables, and writes bench/results/
import { writeCharts } from './charts.mjs'
import { formatTable } from './lib/figures.mjs'
import { describeMachine } from './lib/machine.mjs'
import { takeDisturbances } from './lib/quiet.mjs'
import { readResults, writeResults } from './lib/results.mjs'

const sections = [
  'round-trip',
  'pinned',
  'first-calls',
  'throughput',
  'payload',
  'stream',
  'memory',
  'http',
  'cpu',
  'start-up',
  'idle-cpu',
  'drop-in',
  'real-users',
  'pool',
  'pool-memory',
]

const wanted = process.argv.length > 2 ? process.argv.slice(2) : sections
const unknown = wanted.filter(name => !sections.includes(name))
if (unknown.length > 0) {
  console.error(`no section ${unknown.join(', ')}; there are: ${sections.join(', ')}`)
  process.exit(1)
}

const results = readResults()
for (const name of wanted) {
  const { title, reference, measure } = await import(`./sections/${name}.mjs`)
  console.log(`\n${title}${reference ? ` (ratio: to ${reference})` : ''}`)
  const start = performance.now()
  const { figures, skipped, ...data } = await measure()
  console.log(skipped ?? formatTable(figures))
  const disturbances = takeDisturbances()
  console.log(describeRun((performance.now() - start) / 1000, disturbances))
  results[name] = { title, reference, machine: describeMachine(), disturbances, skipped, figures, ...data }
  writeResults(results)
}
writeCharts(results)

function describeRun(seconds, { rounds, disturbed }) {
  const others = disturbed > 0 ? `; other programs took CPU time in ${disturbed} of ${rounds} rounds` : ''
  return `(${seconds.toFixed(1)} s${others})`
}
