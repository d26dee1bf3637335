import { NotCloneableError } from '../index.js'
import type { Outcome } from './outcome.js'

/** Waits between tries grow up to this, in ms, unless the first one is longer. */
const longestDelay = 60_000

/** What has failed, and may do better at another try. */
export function isWorthRetrying(outcome: Outcome): boolean {
  return !outcome.ok && outcome.isLasting !== true && !(outcome.error instanceof NotCloneableError)
}

/**
 * How long to wait before another try, in ms: twice as long each time, and between half and all of that by chance, so
 * that calls that failed together do not come again together.
 *
 * @param tries - how often the call has failed
 */
export function retryDelay(first: number, tries: number, random = Math.random): number {
  // Not to infinity: 0 times that is no number.
  const longest = Math.min(first * 2 ** Math.min(tries - 1, 1000), Math.max(first, longestDelay))
  return longest * (0.5 + random() / 2)
}
