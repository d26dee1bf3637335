import { runChild } from '../lib/child.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'

export const title = 'Bytes there and back in one blocking call'
export const reference = 'async-pool-executor'

const processes = 5

export async function measure() {
  const { all: runs } = await interleaveUndisturbed({ all: () => runChild('payload.mjs') }, processes)
  const figures = Object.entries(runs[0]).flatMap(([payload, peers]) =>
    Object.keys(peers).map(subject => {
      const of = peer => median(runs.map(run => run[payload][peer]))
      return {
        subject,
        measure: payload,
        value: of(subject),
        unit: 'µs',
        ratio: of(subject) / of(reference),
      }
    }),
  )
  return { figures }
}
