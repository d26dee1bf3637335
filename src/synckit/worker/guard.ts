/* Preloaded before other preloads of a worker; see bridge/guard.ts. */
import { workerData } from 'node:worker_threads'
import type { WorkerInit } from '../../channel/records.js'
import { Word, WorkerState } from '../../channel/words.js'
import { postLastWords } from './last-words.js'

// Threads that loaders start run preloads too, without this data.
const init = (workerData as { asyncPoolExecutor?: WorkerInit } | null)?.asyncPoolExecutor

if (init !== undefined) {
  const { NODE_OPTIONS } = process.env
  if (NODE_OPTIONS !== undefined)
    process.env.NODE_OPTIONS = NODE_OPTIONS.replace(`-r ${JSON.stringify(__filename)} `, '')
  // From its own first line on, the worker sees to that itself.
  process.on('uncaughtExceptionMonitor', error => {
    if (Atomics.load(init.words, Word.WorkerState) === WorkerState.Starting) postLastWords(error)
  })
}
