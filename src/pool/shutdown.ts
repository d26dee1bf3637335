import type { ShutdownReport } from '../bridge/executor.js'
import { refuseOwnTask } from './nesting.js'
import type { PoolShutdownOptions } from './options.js'
import type { Scheduler } from './scheduler.js'

/** The pools of this thread, not kept alive by it: one that has work is held by its work. */
const schedulers = new Set<WeakRef<Scheduler>>()
const collected = new FinalizationRegistry<WeakRef<Scheduler>>(reference => schedulers.delete(reference))

export function register(scheduler: Scheduler): void {
  const reference = new WeakRef(scheduler)
  schedulers.add(reference)
  collected.register(scheduler, reference)
}

/** @throws {DeadlockError} if a task of the pool waits for this without a `timeout`; then nothing has happened */
export async function shutdown(
  scheduler: Scheduler,
  { cancelPending = false, timeout }: PoolShutdownOptions,
): Promise<ShutdownReport> {
  if (timeout === undefined) refuseOwnTask(scheduler.nesting, scheduler.options.name, 'shutdown()')
  scheduler.close(cancelPending)
  if (!(await scheduler.join(timeout))) scheduler.abandon()
  return { ...scheduler.totals }
}

export async function shutdownEach(options: PoolShutdownOptions): Promise<void> {
  const all = [...schedulers].map(reference => reference.deref()).filter(scheduler => scheduler !== undefined)
  await Promise.all(all.map(scheduler => shutdown(scheduler, options)))
}
