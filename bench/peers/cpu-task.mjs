import { offload } from 'async-pool-executor/task'

const steps = 90_000_000

/** Takes some 100 ms, and is the same amount of work for every input. */
export function compute(input) {
  let state = input | 1
  for (let step = 0; step < steps; step++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
  return state
}

export function computeElsewhere(input) {
  return offload(import.meta.url, 'compute', [input])
}
