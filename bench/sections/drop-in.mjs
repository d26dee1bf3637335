import { runChild } from '../lib/child.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { measureRoundTrips, toFigures } from '../lib/round-trip.mjs'
import { median } from '../lib/stats.mjs'

export const title = 'createSyncFn of async-pool-executor/synckit: one call, and the first one of a process'
export const reference = 'synckit'

const rounds = 9
const names = ['synckit-drop-in', 'synckit', 'async-pool-executor']

export async function measure() {
  const peers = await measureRoundTrips({ peers: names })
  const children = names.slice(0, 2).map(name => [name, () => runChild('first-calls.mjs', [name])])
  const runs = await interleaveUndisturbed(Object.fromEntries(children), rounds)
  const first = Object.fromEntries(
    Object.entries(runs).map(([name, results]) => [name, median(results.map(({ calls }) => calls[0]))]),
  )
  const firstCalls = Object.entries(first).map(([name, value]) => ({
    subject: name === 'synckit' ? name : 'async-pool-executor/synckit',
    measure: 'first call',
    value,
    unit: 'ms',
    ratio: value / first.synckit,
  }))
  return { figures: [...toFigures(peers, reference), ...firstCalls], peers, first }
}
