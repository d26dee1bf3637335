import { runChild } from '../lib/child.mjs'
import { atMost } from '../lib/figures.mjs'

export const title = 'Memory while one synchronous loop submits'

const baseline = 100_000
const checkpoints = [1_000_000, 10_000_000]
const limit = 32

export async function measure() {
  const ours = await runChild('memory.mjs', ['ours'])
  const piscina = await runChild('memory.mjs', ['piscina'])
  const figures = [
    ...checkpoints.map(checkpoint => ({
      subject: 'async-pool-executor',
      measure: `growth from 100,000 to ${checkpoint.toLocaleString('en-US')} submits`,
      unit: 'MB',
      ...judge(growth(ours.samples, checkpoint)),
    })),
    {
      subject: 'piscina (no backpressure)',
      measure: `growth from 100,000 to ${piscina.samples.at(-1)[0].toLocaleString('en-US')} submits`,
      value: growth(piscina.samples, piscina.samples.at(-1)[0]),
      unit: 'MB',
    },
  ]
  return { figures, curves: { 'async-pool-executor': ours.samples, piscina: piscina.samples } }
}

function judge(value) {
  return value === null
    ? { value, target: 'less than 32 MB', met: false, note: 'the loop ran out of time before' }
    : { value, ...atMost(value, limit, 'less than 32 MB') }
}

/** The highest reading after the baseline, less the baseline, in MB; null if the loop did not come so far. */
function growth(samples, checkpoint) {
  if (samples.at(-1)[0] < checkpoint) return null
  const [, before] = samples.find(([submits]) => submits >= baseline)
  const later = samples.filter(([submits]) => submits > baseline && submits <= checkpoint)
  return (Math.max(...later.map(([, bytes]) => bytes)) - before) / 1e6
}
