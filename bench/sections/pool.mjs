import { runChild } from '../lib/child.mjs'
import { atMost } from '../lib/figures.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'

export const title = 'AsyncPool: what it costs to run an async function through a pool, in one thread'
export const reference = 'async-pool-executor'

const processes = 5

const measures = {
  median: 'one call at a time, median',
  p99: 'one call at a time, p99',
  burst: '10,000 at once, CPU time each',
  handOver: '10,000 handed over and done, CPU time each',
}

export async function measure() {
  const subjects = { all: () => runChild('pool-overhead.mjs') }
  const { all: runs } = await interleaveUndisturbed(subjects, processes)
  const peers = Object.fromEntries(
    Object.keys(runs[0]).map(name => [
      name,
      Object.fromEntries(Object.keys(measures).map(key => [key, median(runs.map(run => run[name][key]))])),
    ]),
  )
  return { figures: Object.keys(measures).flatMap(key => toFigures(key, peers)), peers }
}

function toFigures(key, peers) {
  const ours = peers[reference][key]
  const figures = Object.entries(peers).map(([subject, values]) => ({
    subject,
    measure: measures[key],
    value: values[key],
    unit: 'ns',
    ratio: values[key] / ours,
  }))
  const target = (limit, words) => ({ ...figures[0], ...atMost(ours, limit, words) })
  return [
    target(peers['p-queue'][key], "at most p-queue's"),
    target(2 * peers.fastq[key], "at most twice fastq's"),
    ...figures.slice(1),
  ]
}
