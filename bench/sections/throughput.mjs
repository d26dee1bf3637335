import { fileURLToPath } from 'node:url'
import { runChild, runForJson, works } from '../lib/child.mjs'
import { atLeast } from '../lib/figures.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'

export const title = 'Trivial tasks submitted and done, a second'
export const reference = 'async-pool-executor'

const rounds = 5
const sizes = [10, 1000]
const pythonCount = 5_000
const pythonFile = fileURLToPath(new URL('../peers/python_executor.py', import.meta.url))

export async function measure() {
  const hasPython = await works(['python3', '--version'])
  const bySize = {}
  for (const size of sizes) bySize[size] = await measureSize(size, hasPython)
  return { figures: sizes.flatMap(size => toFigures(size, bySize[size])), bySize }
}

/** @returns {Promise<Record<string, number>>} tasks a second by peer */
async function measureSize(size, hasPython) {
  const nodePeers = () => runChild('throughput.mjs', [size])
  const python = async () => {
    const { seconds } = await runForJson(['python3', pythonFile, String(size), String(pythonCount)])
    return pythonCount / seconds
  }
  const runs = await interleaveUndisturbed({ nodePeers, ...(hasPython && { python }) }, rounds)
  const rates = {}
  for (const name of Object.keys(runs.nodePeers[0]))
    rates[name] = median(runs.nodePeers.map(round => round[name]))
  return { ...rates, "Python's executor": hasPython ? median(runs.python) : null }
}

function toFigures(size, rates) {
  const ours = rates[reference]
  const python = rates["Python's executor"]
  const figures = Object.entries(rates).map(([subject, value]) => ({
    subject,
    measure: `size ${size}`,
    value,
    unit: '/s',
    ...(value === null ? { note: 'not run: no python3' } : { ratio: value / ours }),
  }))
  const target = (limit, words) => ({ ...figures[0], ...atLeast(ours, limit, words) })
  return [
    target(500_000, 'at least 500,000'),
    target(8 * rates.piscina, "8 times piscina's"),
    ...(python === null ? [] : [target(20 * python, "20 times Python's")]),
    ...figures.slice(1),
  ]
}
