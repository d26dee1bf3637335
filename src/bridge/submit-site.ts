import { now } from '../channel/clock.js'
import { isError, setStack, stackOf, summaryOf } from '../channel/error-record.js'

/** Holds the stack of a call; V8 turns it into text when that is first read, which only a failing task's is. */
export interface SubmitSite {
  readonly stack?: string
}

/** As many in a row are recorded before the rate counts. */
const burst = 1000
/** To record a stack takes some µs, more than all else that a submit does: beyond the burst, one in this time, in ms. */
const interval = 1

/** How many more may be recorded. */
let allowance = burst
/** When the allowance was last looked at. */
let lastRefill = now()
/** Calls to let pass before the clock is read again. */
let skips = 0

/**
 * The stack of the calling code, for the error that the task may end with. Undefined in a rush of submits: the
 * recording of all would cost them more than half of their speed.
 *
 * @param below - the public function whose callers count
 */
export function recordSite(below: (...args: never[]) => unknown): SubmitSite | undefined {
  if (allowance === 0 && !refill()) return undefined
  allowance--
  return siteOf(below)
}

/** The same, at whatever cost. */
export function siteOf(below: (...args: never[]) => unknown): SubmitSite {
  const site: SubmitSite = {}
  Error.captureStackTrace(site, below)
  return site
}

function refill(): boolean {
  if (skips-- > 0) return false
  const time = now()
  allowance = Math.min(burst, Math.floor((time - lastRefill) / interval))
  if (allowance === 0) {
    skips = 50
    return false
  }
  lastRefill = time
  return true
}

/**
 * Puts the frames of the submit below those of the task. Never throws, whatever an `Error.prepareStackTrace` of the
 * user's does: it runs in the midst of taking in messages.
 */
export function appendSite(error: unknown, site: SubmitSite): void {
  if (!isError(error)) return
  const stack = stackOf(site)
  if (stack === undefined || !stack.includes('\n')) return
  const frames = stack.slice(stack.indexOf('\n') + 1)
  const own = stackOf(error) ?? summaryOf(error)
  setStack(error, `${own}\n${heading}\n${frames}`)
}

const heading = '    --- submitted by ---'
