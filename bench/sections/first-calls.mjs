import { runChild } from '../lib/child.mjs'
import { atMost } from '../lib/figures.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'
import { blockingPeers } from '../peers/blocking.mjs'

export const title = 'The first 200 blocking calls of a fresh process'
export const reference = 'synckit'

const rounds = 9

export async function measure() {
  const subjects = blockingPeers.map(({ name }) => [name, () => runChild('first-calls.mjs', [name])])
  const runs = await interleaveUndisturbed(Object.fromEntries(subjects), rounds)
  const peers = Object.fromEntries(
    Object.entries(runs).map(([name, results]) => [
      name,
      {
        all: median(results.map(({ all }) => all)),
        later: median(results.map(({ later }) => later)),
        median: median(results.map(({ calls }) => median(calls))) * 1000,
      },
    ]),
  )
  return { figures: Object.entries(peers).flatMap(entry => toFigures(entry, peers[reference])), peers }
}

function toFigures([subject, peer], theirs) {
  const words = "no more than synckit's"
  const figure = (measure, key, unit) => ({
    subject,
    measure,
    value: peer[key],
    unit,
    ratio: peer[key] / theirs[key],
    ...(subject === 'async-pool-executor' && atMost(peer[key], theirs[key], words)),
  })
  return [
    figure('constructor and calls 1 to 200', 'all', 'ms'),
    figure('calls 2 to 200', 'later', 'ms'),
    figure('median of the 200', 'median', 'µs'),
  ]
}
