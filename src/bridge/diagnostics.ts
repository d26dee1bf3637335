import { type Channel, channel } from 'node:diagnostics_channel'
import { callSoon } from './callbacks.js'
import type { TaskInfo } from './unread.js'

/**
 * Events for monitoring tools, on `node:diagnostics_channel`. Nothing is built or sent while nobody listens.
 *
 * | channel | message |
 * |---|---|
 * | `async-pool-executor:submitted` | {@link TaskInfo} |
 * | `async-pool-executor:started` | {@link TaskInfo} |
 * | `async-pool-executor:settled` | {@link TaskInfo} with `state` |
 * | `async-pool-executor:worker-started` | `executor`, `restarts` |
 * | `async-pool-executor:worker-died` | `executor`, `reason`, `exitCode`, `error` |
 */
export const submitted = channel('async-pool-executor:submitted')
export const started = channel('async-pool-executor:started')
export const settled = channel('async-pool-executor:settled')
export const workerStarted = channel('async-pool-executor:worker-started')
export const workerDied = channel('async-pool-executor:worker-died')

export type SettledInfo = TaskInfo & { state: 'fulfilled' | 'rejected' | 'cancelled' }

/** Subscribers are users' code, and may submit or block: they are called when nothing of ours is half done. */
export function announce(event: Channel, message: unknown): void {
  if (event.hasSubscribers) callSoon('diagnostics_channel', () => event.publish(message))
}
