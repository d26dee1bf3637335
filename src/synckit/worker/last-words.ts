import { workerData } from 'node:worker_threads'
import { encodeError, isError } from '../../channel/error-record.js'
import { Response, type WorkerInit } from '../../channel/records.js'

/**
 * Tells the caller what ends this thread, where the bridge's own worker does not. Not counted: whoever finds the thread
 * gone reads all that is left in the port.
 */
export function postLastWords(error: unknown): void {
  const { port } = (workerData as { asyncPoolExecutor: WorkerInit }).asyncPoolExecutor
  if (isError(error)) port.postMessage([Response.Died, encodeError(error)])
}
