import { count, rateText, rows } from './progress/text.js'
import type { Settings } from './settings.js'
import type { StopReason } from './stop.js'
import type { Tally } from './tally.js'

/**
 * What a run says of itself at its end, in one line or two.
 *
 * @param reason - why it ended before its input
 */
export function summaryOf(
  tally: Tally,
  seconds: number,
  reason: StopReason | undefined,
  settings: Settings,
): string[] {
  const { ok, failed, earlier, retries } = tally
  const parts = [`${rows(ok + failed)} done: ${count(ok)} ok, ${count(failed)} failed`]
  if (earlier > 0) parts.push(`${count(earlier)} of them by earlier runs`)
  if (retries > 0) parts.push(`${count(retries)} retries`)
  parts.push(`${seconds.toFixed(1)} s`, rateText(seconds > 0 ? (ok + failed - earlier) / seconds : 0))
  const early = reason && earlyEnd(reason, tally, settings)
  return [parts.join(', '), ...(early === undefined ? [] : [early])]
}

function earlyEnd(reason: StopReason, { undone }: Tally, { checkpoint }: Settings): string | undefined {
  if (reason.kind === 'unread') return undefined
  const read = undone > 0 ? `, nor are ${rows(undone)} of what was read` : ''
  const run = undone > 0 && reason.kind === 'broken' ? ' (some of these may have run)' : ''
  const next = checkpoint === undefined ? '' : '; the same command goes on from here'
  return `${beginnings[reason.kind]}the rest of the input is not done${read}${run}${next}`
}

/** Why a run was broken off is a line of its own. */
const beginnings = { failed: 'stopped at the first failure: ', interrupted: 'interrupted: ', broken: '' }
