import { runChild } from '../lib/child.mjs'
import { atMost } from '../lib/figures.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'

export const title = 'Four CPU-bound tasks in two threads'
export const reference = 'piscina'

const ours = 'async-pool-executor (offload)'
const processes = 3
const limit = 1.05

export async function measure() {
  const { all } = await interleaveUndisturbed({ all: () => runChild('cpu.mjs') }, processes)
  const names = Object.keys(all[0])
  /** The rounds of a process are interleaved: each is compared with its own neighbour. */
  const ratios = Object.fromEntries(
    names.map(name => [
      name,
      median(all.flatMap(run => run[name].map((ms, round) => ms / run[reference][round]))),
    ]),
  )
  const figures = names.map(subject => ({
    subject,
    measure: 'median of all four',
    value: median(all.flatMap(run => run[subject])),
    unit: 'ms',
    ratio: ratios[subject],
    ...(subject === ours && atMost(ratios[subject], limit, "at most 1.05 of piscina's")),
  }))
  return { figures, ratios }
}
