/* The worker thread's entry file. */
import { join } from 'node:path'
import { setEnvironmentData, workerData } from 'node:worker_threads'
import { now } from '../channel/clock.js'
import { encodeError, isError } from '../channel/error-record.js'
import { ancestorsKey, labelOf, Response, type WorkerInit } from '../channel/records.js'
import { CallerWants, ring } from '../channel/wait.js'
import { sinceEpoch, Word, WorkerState } from '../channel/words.js'
import { Consumer } from './consumer.js'
import { context } from './context.js'
import { createEntry } from './functions.js'
import { Inbox } from './inbox.js'
import type { Offloading } from './offload.js'
import { Outbox } from './outbox.js'
import { unlessStalled, watchForStalls } from './stall.js'
import { discardOutput, writeDirectly } from './stdio.js'

const init = (workerData as { asyncPoolExecutor: WorkerInit }).asyncPoolExecutor
const { words, bell, port, stdio } = init

if (stdio === 'direct') writeDirectly()
else if (stdio === 'ignore') discardOutput()

const outbox = new Outbox(words, bell, port)
let offloading: Offloading | undefined

/** Loaded when a task first needs CPU threads, which few do: what a worker loads at its start costs everybody. */
function loadOffloading(): Offloading {
  if (offloading === undefined) {
    const loaded = require(join(__dirname, 'offload.js')) as typeof import('./offload.js')
    offloading = new loaded.Offloading(init)
  }
  return offloading
}

context.base = init.base
context.offload = (request, caller) => loadOffloading().runPart(request, caller)

const consumer = new Consumer({ ...init, inbox: new Inbox(words, port), outbox, loadOffloading })

process.on('uncaughtExceptionMonitor', error => {
  if (process.listenerCount('uncaughtException') > 0) return // a task's module deals with it, and the thread lives on
  consumer.flush()
  outbox.post([Response.Died, encodeError(isError(error) ? error : new Error(`uncaught: ${String(error)}`))])
})

// Does not run when the thread is terminated or out of memory; the caller finds that out by itself.
process.on('exit', code => {
  consumer.flush()
  Atomics.store(words, Word.ExitCode, code)
  const othersFollow = process.listenerCount('exit') > listenersAtStart
  Atomics.store(words, Word.WorkerState, othersFollow ? WorkerState.Exiting : WorkerState.Exited)
  ring(bell, 0, CallerWants.Messages)
})

/** Ours, and one that Node itself has in each worker. */
const listenersAtStart = process.listenerCount('exit')

process.on('newListener', event => {
  if (event === 'exit') Atomics.store(words, Word.HasExitHooks, 1)
})

/** An initializer that fails ends the worker: no task may run without it. */
async function initialize({ initializer, roots }: WorkerInit): Promise<void> {
  if (initializer === undefined) return
  // Nobody answers probes yet: this is what shows a caller that the event loop comes round.
  const heartbeat = setInterval(() => {
    Atomics.store(words, Word.Heartbeat, sinceEpoch(init.epoch, now()))
  }, 25).unref()
  const { call, owner } = await createEntry(initializer, roots).load()
  const started = async () => Reflect.apply(call, owner, initializer.args)
  await unlessStalled(started(), `the initializer ${labelOf(initializer)}`)
  clearInterval(heartbeat)
}

// Threads that tasks start inherit it, and know inside which executors they are.
setEnvironmentData(ancestorsKey, [...init.ancestors])

async function main(): Promise<void> {
  Atomics.store(words, Word.Heartbeat, sinceEpoch(init.epoch, now()))
  Atomics.store(words, Word.WorkerState, WorkerState.Initializing)
  watchForStalls(port)
  await initialize(init)
  Atomics.store(words, Word.WorkerState, WorkerState.Ready)
  await consumer.run()
  process.exit()
}

main().catch(error => {
  // Not left to Node: a module may have listeners that keep an unhandled rejection from ending the thread.
  outbox.post([Response.Died, encodeError(isError(error) ? error : new Error(`thrown: ${String(error)}`))])
  process.exit(1)
})
