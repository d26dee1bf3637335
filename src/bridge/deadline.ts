import { now } from '../channel/clock.js'
import { checkMilliseconds } from '../channel/validate.js'

/** The deadline of most waits, which then need no clock. */
export const never = Number.POSITIVE_INFINITY

/**
 * On the clock of `now()`.
 *
 * @param what - what messages call the timeout
 */
export function deadlineOf(what: string, timeout: number | undefined): number {
  if (timeout === undefined) return never
  checkMilliseconds(what, timeout)
  return now() + timeout
}

export function isOver(deadline: number): boolean {
  return deadline !== never && now() >= deadline
}
