import { setMaxListeners } from 'node:events'
import { longestTimer } from '../channel/clock.js'

/** The signals that stop a run. */
export type Interrupt = 'SIGINT' | 'SIGTERM'

/** Why a run ends before its input does. */
export type StopReason =
  | { kind: 'interrupted'; signal: Interrupt }
  /** The first failure, with --fail-fast. */
  | { kind: 'failed' }
  /** Nobody reads the output any more. */
  | { kind: 'unread' }
  /** The run cannot go on: a file cannot be written, no worker lives. */
  | { kind: 'broken'; error: unknown }

const gravity: Record<StopReason['kind'], number> = { unread: 0, failed: 1, interrupted: 2, broken: 3 }

/**
 * Ends a run early, once: nothing more is read or started, what runs is waited for. What waits without running (for
 * space, for a retry, for its time) listens to the signal.
 */
export class Stop {
  readonly #controller = new AbortController()
  #reason: StopReason | undefined

  constructor() {
    setMaxListeners(0, this.#controller.signal) // as many as there are rows that wait for a retry
  }

  get reason(): StopReason | undefined {
    return this.#reason
  }

  get isRequested(): boolean {
    return this.#reason !== undefined
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Where there are several reasons, the gravest counts, and of those the first. */
  request(reason: StopReason): void {
    if (this.#reason === undefined || gravity[reason.kind] > gravity[this.#reason.kind]) this.#reason = reason
    this.#controller.abort()
  }
}

/** Resolves after so many ms, or when the signal is aborted: one of the two always comes. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(finish, Math.min(ms, longestTimer))
    function finish(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
    signal.addEventListener('abort', finish)
  })
}
