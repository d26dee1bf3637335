/* What `createSyncFn` does in the calling thread; loaded when it is first called, since workers never need it. */
import { isAbsolute } from 'node:path'
import type { AnyFn, Syncify, SynckitOptions } from '../types.js'
import { isSame, isSameStart, resolveSyncOptions, type SyncOptions } from './options.js'
import { SyncWorker } from './sync-worker.js'
import { findWorkerFile, notAbsolute, pathOf } from './worker-file.js'

/** One synchronous function that has been handed out. */
interface Created {
  readonly options: SyncOptions
  readonly worker: SyncWorker
  readonly fn: AnyFn
}

/** By path of the worker, in the order of their creation. */
const created = new Map<string, Created[]>()

export function createSyncFn<T extends AnyFn>(
  workerPath: URL | string,
  timeoutOrOptions?: SynckitOptions | number,
): Syncify<T> {
  const path = pathOf(workerPath)
  const known = created.get(path) ?? []
  const options = resolveSyncOptions(timeoutOrOptions)
  const same = timeoutOrOptions === undefined ? known[0] : known.find(one => isSame(one.options, options))
  if (same !== undefined) return same.fn as Syncify<T>
  const worker = known.find(one => isSameStart(one.options.start, options.start))?.worker
  const added = create(path, options, worker)
  created.set(path, [...known, added])
  return added.fn as Syncify<T>
}

export function startWorkerThread<T extends AnyFn, R = Awaited<ReturnType<T>>>(
  workerPath: string,
  options?: SynckitOptions,
): (...args: Parameters<T>) => R {
  return create(pathOf(workerPath), resolveSyncOptions(options)).fn
}

function create(path: string, options: SyncOptions, shared?: SyncWorker): Created {
  if (!isAbsolute(path)) throw notAbsolute(path)
  const worker = shared ?? new SyncWorker(findWorkerFile(path), options.start)
  return { options, worker, fn: toSyncFn(worker, options) }
}

function toSyncFn(worker: SyncWorker, { timeout, transferList }: SyncOptions): AnyFn {
  // They are moved once, and are gone from this thread afterwards.
  let toTransfer = transferList.length === 0 ? undefined : transferList
  return function syncFn(...args: unknown[]): unknown {
    const call = { args, timeout, transferList: toTransfer, below: syncFn }
    toTransfer = undefined
    return worker.call(call)
  }
}
