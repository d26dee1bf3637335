/* The worker thread's entry file. */
import { join } from 'node:path'
import { setEnvironmentData, workerData } from 'node:worker_threads'
import { now } from '../channel/clock.js'
import { encodeError, isError } from '../channel/error-record.js'
import { ancestorsKey, labelOf, Response, type WorkerInit } from '../channel/records.js'
import { show } from '../channel/show.js'
import { systemThreadId } from '../channel/thread-id.js'
import { sinceEpoch, Word, WorkerState } from '../channel/words.js'
import { Caller } from './caller.js'
import { Consumer } from './consumer.js'
import { context } from './context.js'
import { createEntry } from './functions.js'
import { Inbox } from './inbox.js'
import type { Offloading } from './offload.js'
import { Outbox } from './outbox.js'
import { Parking } from './parking.js'
import { unlessStalled, watchForStalls } from './stall.js'
import { discardOutput, writeDirectly } from './stdio.js'

const init = (workerData as { asyncPoolExecutor: WorkerInit }).asyncPoolExecutor
const { words, bell, port, stdio } = init

Atomics.store(words, Word.ThreadId, systemThreadId())
if (stdio === 'direct') writeDirectly()
else if (stdio === 'ignore') discardOutput()

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

const parking = new Parking(words)
const consumer = new Consumer({
  ...init,
  parking,
  loadOffloading,
  owner: new Caller({
    ...init,
    inbox: new Inbox(words, port, parking),
    outbox: new Outbox(words, bell, port),
  }),
})

/** To every caller: each of them has tasks here. */
function sayLastWords(error: unknown, what: string): void {
  const record = encodeError(isError(error) ? error : new Error(`${what}: ${show(error)}`))
  for (const { outbox } of consumer.callers) outbox.post([Response.Died, record])
}

process.on('uncaughtExceptionMonitor', error => {
  if (process.listenerCount('uncaughtException') > 0) return // a task's module deals with it, and the thread lives on
  for (const caller of consumer.callers) caller.flush()
  sayLastWords(error, 'uncaught')
})

// Does not run when the thread is terminated or out of memory; the callers find that out by themselves.
process.on('exit', code => {
  const othersFollow = process.listenerCount('exit') > listenersAtStart
  for (const caller of consumer.callers) {
    caller.flush()
    caller.exit(code, othersFollow ? WorkerState.Exiting : WorkerState.Exited)
  }
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
  sayLastWords(error, 'thrown')
  process.exit(1)
})
