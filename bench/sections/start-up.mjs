import { runChild } from '../lib/child.mjs'
import { atMost } from '../lib/figures.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'
import { blockingPeers } from '../peers/blocking.mjs'

export const title = 'Start: import, construct and first result, over an empty script'
export const reference = 'async-pool-executor (import)'

const rounds = 15
const limit = 35
const importing = 'async-pool-executor (import)'
const requiring = 'async-pool-executor (require)'

export async function measure() {
  const scripts = {
    'an empty .mjs': ['start-up-empty.mjs'],
    'an empty .cjs': ['start-up-empty.cjs'],
    [importing]: ['start-up-import.mjs'],
    [requiring]: ['start-up-require.cjs'],
  }
  for (const { name } of blockingPeers.slice(1)) scripts[name] = ['start-up-peer.mjs', [name]]
  const subjects = Object.entries(scripts).map(([name, command]) => [name, () => timeChild(command)])
  const times = await interleaveUndisturbed(Object.fromEntries(subjects), rounds)
  const of = (name, key) => median(times[name].map(time => time[key]))
  const over = (name, key) => of(name, key) - of(`an empty ${name === requiring ? '.cjs' : '.mjs'}`, key)
  return { figures: toFigures(Object.keys(scripts).slice(2), over) }
}

/** ms from the start of Node to the result, as the child sees it, and of the whole process, as we see it. */
async function timeChild(command) {
  const start = performance.now()
  const result = await runChild(...command)
  return { result, whole: performance.now() - start }
}

function toFigures(names, over) {
  const base = over(reference, 'result')
  const figures = names.map(subject => ({
    subject,
    measure: 'to the first result',
    value: over(subject, 'result'),
    unit: 'ms',
    ratio: over(subject, 'result') / base,
    ...([importing, requiring].includes(subject) && atMost(over(subject, 'result'), limit, 'at most 35 ms')),
  }))
  const whole = [importing, requiring].map(subject => ({
    subject,
    measure: 'whole process, with its exit',
    value: over(subject, 'whole'),
    unit: 'ms',
  }))
  return [...figures, ...whole]
}
