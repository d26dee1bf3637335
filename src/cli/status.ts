import type { Interrupt, StopReason } from './stop.js'

/** The exit statuses of the command; after an interrupt it is {@link statusOfInterrupt}. */
export enum Status {
  AllGood = 0,
  SomeFailed = 1,
  Usage = 2,
}

/** What a shell shows for a program that a signal ended. */
export const statusOfInterrupt: Record<Interrupt, number> = { SIGINT: 130, SIGTERM: 143 }

/** @param failed - how many rows have failed, also in earlier runs */
export function statusOf(reason: StopReason | undefined, failed: number): number {
  if (reason?.kind === 'interrupted') return statusOfInterrupt[reason.signal]
  return reason?.kind === 'broken' || failed > 0 ? Status.SomeFailed : Status.AllGood
}
