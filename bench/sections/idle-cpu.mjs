import { runChild } from '../lib/child.mjs'
import { atMost } from '../lib/figures.mjs'

export const title = 'CPU time of all threads in 5 s'

const states = ['no executor', 'idle', 'idle, caller blocked', 'waiting for a result']
/** In ms: a thousandth of one core, which the clock ticks of the kernel alone can amount to. */
const limit = 5

export async function measure() {
  const values = await Promise.all(states.map(state => runChild('idle-cpu.mjs', [state])))
  const [none] = values
  const figures = states.map((subject, index) => {
    const value = values[index]
    const isIdle = subject.startsWith('idle')
    return { subject, measure: 'CPU', value, unit: 'ms', ...(isIdle && atMost(value - none, limit, 'none')) }
  })
  return { figures }
}
