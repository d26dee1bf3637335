import { appendSite, siteOf } from '../../bridge/submit-site.js'
import { isError } from '../../channel/error-record.js'
import { BrokenExecutorError, TimeoutError, WorkerDiedError } from '../../channel/errors.js'

/** What a call ends with when its worker died, and not the function that it called. */
export type DeathError = WorkerDiedError | BrokenExecutorError

export function isDeathError(error: unknown): error is DeathError {
  return error instanceof WorkerDiedError || error instanceof BrokenExecutorError
}

/**
 * What the caller of a synchronous function gets for a death: the error that nobody caught in the worker, as it was
 * thrown there; otherwise what is known of the end of the worker.
 *
 * @param doing - what the worker did: `running /path/worker.js`
 */
export function explainDeath(error: DeathError, doing: string, below: Below): Error {
  if (isError(error.cause)) return withCaller(error.cause, below)
  const { exitCode, reason } =
    error instanceof WorkerDiedError ? error : { exitCode: undefined, reason: String(error.cause) }
  const what = exitCode === undefined ? 'died' : `exited with code ${exitCode}`
  const details = exitCode === undefined ? `: ${reason}` : ''
  const died = new WorkerDiedError(`Worker ${what} while it was ${doing}${details}`, { exitCode, reason })
  Error.captureStackTrace(died, below)
  return died
}

/** With synckit's message, which programs look for. */
export function timedOut(below: Below): TimeoutError {
  const error = new TimeoutError('Internal error: Atomics.wait() failed: timed-out')
  Error.captureStackTrace(error, below)
  return error
}

/** Puts the frames of the call below those of the worker. */
export function withCaller<E>(error: E, below: Below): E {
  appendSite(error, siteOf(below))
  return error
}

/** The function that the user called: stacks begin with its caller. */
export type Below = (...args: never[]) => unknown
