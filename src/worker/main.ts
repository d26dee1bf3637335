/* The worker thread's entry file. */
import { workerData } from 'node:worker_threads'
import { encodeError, isError } from '../channel/error-record.js'
import { Response, type WorkerInit } from '../channel/records.js'
import { CallerWants, ring } from '../channel/wait.js'
import { Word, WorkerState } from '../channel/words.js'
import { Consumer } from './consumer.js'
import { Inbox } from './inbox.js'
import { Outbox } from './outbox.js'
import { discardOutput, writeDirectly } from './stdio.js'

const { words, bell, port, size, stdio } = (workerData as { asyncPoolExecutor: WorkerInit }).asyncPoolExecutor

if (stdio === 'direct') writeDirectly()
else if (stdio === 'ignore') discardOutput()

const outbox = new Outbox(words, bell, port)
const consumer = new Consumer({ words, inbox: new Inbox(words, port), outbox, size })

process.on('uncaughtExceptionMonitor', error => {
  consumer.flush()
  outbox.post([Response.Died, encodeError(isError(error) ? error : new Error(`uncaught: ${String(error)}`))])
})

// Does not run when the thread is terminated or out of memory; the caller finds that out by itself.
process.on('exit', code => {
  consumer.flush()
  Atomics.store(words, Word.ExitCode, code)
  const othersFollow = process.listenerCount('exit') > 1
  Atomics.store(words, Word.WorkerState, othersFollow ? WorkerState.Exiting : WorkerState.Exited)
  ring(bell, 0, CallerWants.Messages)
})

process.on('newListener', event => {
  if (event === 'exit') Atomics.store(words, Word.HasExitHooks, 1)
})

Atomics.store(words, Word.WorkerState, WorkerState.Ready)
consumer.run().then(() => process.exit())
