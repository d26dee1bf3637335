/** Counts the rows of a run. */
export interface Tally {
  /** Succeeded and written, also by earlier runs. */
  ok: number
  /** Failed and written, also by earlier runs. */
  failed: number
  /** By earlier runs, of those two. */
  earlier: number
  /** Read, and not done: waiting, running, or being written. */
  inFlight: number
  /** Read, and left undone when the run was stopped. */
  undone: number
  /** Further tries of calls that had failed. */
  retries: number
}

/** @param ok - by earlier runs */
export function startTally({ ok, failed }: { ok: number; failed: number } = { ok: 0, failed: 0 }): Tally {
  return { ok, failed, earlier: ok + failed, inFlight: 0, undone: 0, retries: 0 }
}
