import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import type { WorkerInit } from '../channel/records.js'
import type { ResolvedOptions } from './options.js'
import { threadFile } from './thread-file.js'

/** @throws {WorkerFileNotFoundError} if this code is in a bundle without the worker's file */
export function startWorker(options: ResolvedOptions, init: WorkerInit): Worker {
  const entry = threadFile('worker.js')
  const workerOptions: WorkerOptions = {
    ...options.worker,
    name: options.name,
    workerData: { asyncPoolExecutor: init },
    transferList: [init.port],
  }
  const worker = inheritsInputType(options.worker.execArgv)
    ? new Worker(`import(${JSON.stringify(pathToFileURL(entry).href)})`, { ...workerOptions, eval: true })
    : new Worker(entry, workerOptions)
  worker.unref()
  return worker
}

/** `node --input-type=module -e …` hands its flag down, and with it a worker cannot start from a file. */
function inheritsInputType(execArgv: readonly string[] = process.execArgv): boolean {
  return (
    execArgv.some(flag => flag.startsWith('--input-type')) ||
    /--input-type\b/.test(process.env.NODE_OPTIONS ?? '')
  )
}
