import { runChild } from './child.mjs'
import { formatNumber } from './figures.mjs'
import { interleaveUndisturbed } from './quiet.mjs'
import { median } from './stats.mjs'

/** Which core each thread lands on often lasts as long as the process: one alone would be a throw of a coin. */
const processes = 7

/**
 * @param {{ prefix?: string[], peers?: string[] }} [options] as for `runChild`; peers by file name, or all
 * @returns {Promise<Record<string, { median: number, p99: number, medians: number[] }>>} µs by peer: medians over
 * the processes, and the median of each process
 */
export async function measureRoundTrips({ peers = [], ...options } = {}) {
  const subjects = { all: () => runChild('round-trip.mjs', peers, options) }
  const { all: runs } = await interleaveUndisturbed(subjects, processes)
  return Object.fromEntries(
    Object.keys(runs[0]).map(name => {
      const medians = runs.map(run => run[name].median)
      return [name, { median: median(medians), p99: median(runs.map(run => run[name].p99)), medians }]
    }),
  )
}

/** @returns {import('./figures.mjs').Figure[]} median and p99 of each peer, ours first */
export function toFigures(peers, reference) {
  const theirs = peers[reference]
  return Object.entries(peers).flatMap(([subject, { median, p99, medians }]) => [
    {
      subject,
      measure: 'median',
      value: median,
      unit: 'µs',
      ratio: median / theirs.median,
      note: span(medians),
    },
    { subject, measure: 'p99', value: p99, unit: 'µs', ratio: p99 / theirs.p99 },
  ])
}

function span(medians) {
  return `${formatNumber(Math.min(...medians))} to ${formatNumber(Math.max(...medians))} by process`
}
