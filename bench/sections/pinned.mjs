import { works } from '../lib/child.mjs'
import { atMost } from '../lib/figures.mjs'
import { measureRoundTrips, toFigures } from '../lib/round-trip.mjs'

export const title = 'Round trip with the whole process pinned to one core'
export const reference = 'async-pool-executor'

const prefix = ['taskset', '-c', '0']

export async function measure() {
  if (!(await works([...prefix, 'true']))) return { figures: [], skipped: 'not run: no taskset' }
  const peers = await measureRoundTrips({ prefix })
  const { [reference]: ours, synckit } = peers
  const figures = toFigures(peers, reference)
  Object.assign(figures[0], atMost(ours.median, synckit.median, "no more than synckit's"))
  Object.assign(figures[1], atMost(ours.p99, synckit.p99, "no more than synckit's"))
  return { figures, peers }
}
