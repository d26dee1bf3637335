/** @param {number[]} values @param {number} share between 0 and 1 */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]
}

/** @param {number[]} values */
export function median(values) {
  return quantile(values, 0.5)
}

/**
 * Calls each subject once per round, in an order that turns from round to round, so that a neighbour's burst of work
 * or a change of the clock rate does not always meet the same one.
 *
 * @template T
 * @param {Record<string, (round: number) => T | Promise<T>>} subjects
 * @param {number} rounds
 * @param {number} [first] number of the first round
 * @returns {Promise<Record<string, T[]>>} what each subject returned, by round
 */
export async function interleave(subjects, rounds, first = 0) {
  const names = Object.keys(subjects)
  const results = Object.fromEntries(names.map(name => [name, []]))
  for (let round = first; round < first + rounds; round++) {
    for (let place = 0; place < names.length; place++) {
      const name = names[(place + round) % names.length]
      results[name].push(await subjects[name](round))
    }
  }
  return results
}
