/** What is known of the end of a worker, or of a CPU thread. */
export interface Death {
  exitCode: number | undefined
  /** In words. */
  reason: string
  /** The error that ended it, where there was one. */
  cause: unknown
  /** Another worker would fare no better. */
  isFinal?: boolean
  /** Its owner, in another thread, has shut the executor down. */
  isClosed?: boolean
  /** Its owner, in another thread, has ended. */
  isOrphaned?: boolean
}

export function describeDeath(exitCode: number | undefined): Death {
  const reason =
    exitCode === undefined
      ? 'it was terminated, ran out of memory or could not start'
      : `it exited with code ${exitCode}`
  return { exitCode, reason, cause: undefined }
}

export function withCause(death: Death, cause: Error | undefined): Death {
  if (cause === undefined) return death
  const outOfMemory = (cause as { code?: unknown }).code === 'ERR_WORKER_OUT_OF_MEMORY'
  if (outOfMemory) return { ...death, exitCode: undefined, cause, reason: 'it ran out of memory' }
  return { ...death, cause, reason: 'an uncaught error ended it' }
}
