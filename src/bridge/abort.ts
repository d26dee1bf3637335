import { CancelledError } from '../channel/errors.js'

/** @throws {CancelledError} if the signal is aborted already */
export function refuseAborted(signal: AbortSignal | undefined, label: string): void {
  if (signal?.aborted) throw abortedError(signal.reason, label)
}

export function abortedError(reason: unknown, label: string): CancelledError {
  return new CancelledError(`${label} was not accepted: its signal is aborted`, { cause: reason })
}
