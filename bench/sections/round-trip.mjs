import { atMost } from '../lib/figures.mjs'
import { measureRoundTrips, toFigures } from '../lib/round-trip.mjs'

export const title = 'Round trip: one blocking call of an async echo'
export const reference = 'async-pool-executor'

export async function measure() {
  const peers = await measureRoundTrips()
  const { [reference]: ours, synckit } = peers
  const figures = toFigures(peers, reference)
  Object.assign(figures[0], atMost(ours.median, synckit.median / 8, "at most 1/8 of synckit's"))
  Object.assign(figures[1], atMost(ours.p99, synckit.median, "below synckit's median"))
  figures.splice(1, 0, { ...figures[0], measure: 'median, goal', ...atMost(ours.median, 2, 'at most 2 µs') })
  return { figures, peers }
}
