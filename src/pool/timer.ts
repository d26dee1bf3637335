import { longestTimer } from '../channel/clock.js'

/** A timer, unless it is for a time so far away that it is no limit. */
export function timerAfter(ms: number, callback: () => void): NodeJS.Timeout | undefined {
  return ms <= longestTimer ? setTimeout(callback, ms) : undefined
}
