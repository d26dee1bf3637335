import { runChild } from '../lib/child.mjs'
import { atLeast, atMost } from '../lib/figures.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'

export const title = 'A million items of a trivial async generator, read by a synchronous loop'

export async function measure() {
  const { all: runs } = await interleaveUndisturbed({ all: () => runChild('stream.mjs') }, 5)
  const subject = 'async-pool-executor'
  const rate = median(runs.map(run => run.rate))
  const megabytes = median(runs.map(run => run.megabytes))
  return {
    figures: [
      { subject, measure: 'items', value: rate, unit: '/s', ...atLeast(rate, 200_000, 'at least 200,000') },
      {
        subject,
        measure: 'memory',
        value: megabytes,
        unit: 'MB',
        ...atMost(megabytes, 32, 'flat: under 32 MB'),
      },
    ],
  }
}
