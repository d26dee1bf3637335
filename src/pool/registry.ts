import type { ShutdownReport } from '../bridge/executor.js'
import type { PoolShutdownOptions } from './options.js'

/** What `shutdownAll` needs to know of a pool. */
interface Closable {
  shutdown(options?: PoolShutdownOptions): Promise<ShutdownReport>
}

/** The pools of this thread, not kept alive by it: one that has work is held by its work. */
const pools = new Set<WeakRef<Closable>>()
const collected = new FinalizationRegistry<WeakRef<Closable>>(pool => pools.delete(pool))

export function register(pool: Closable): void {
  const reference = new WeakRef(pool)
  pools.add(reference)
  collected.register(pool, reference)
}

export async function shutdownPools(options: PoolShutdownOptions): Promise<void> {
  await Promise.all([...pools].map(reference => reference.deref()?.shutdown(options)))
}
