import { constants } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import type { Dispatcher } from './dispatcher.js'
import { giveUp } from './exit.js'

/** Signals that are listened for, and the executors that are to be drained on them. */
const listening = new Map<NodeJS.Signals, Set<Dispatcher>>()
const draining = new Set<NodeJS.Signals>()

/** From its first task on an executor reacts to its signals. Threads other than the main one get none (Node). */
export function drainOnSignals(dispatcher: Dispatcher): void {
  if (!isMainThread) return
  for (const signal of dispatcher.options.drainOnSignals) {
    const dispatchers = listening.get(signal)
    if (dispatchers !== undefined) dispatchers.add(dispatcher)
    else {
      listening.set(signal, new Set([dispatcher]))
      process.on(signal, onSignal)
    }
  }
}

/** Its worker is gone: there is nothing to drain. */
export function stopListening(dispatcher: Dispatcher): void {
  for (const signal of dispatcher.options.drainOnSignals) {
    const dispatchers = listening.get(signal)
    if (dispatchers === undefined || !dispatchers.delete(dispatcher) || dispatchers.size > 0) continue
    listening.delete(signal)
    process.removeListener(signal, onSignal)
  }
}

/** Drains on the event loop and not by blocking, so that a second signal is heard. */
async function onSignal(signal: NodeJS.Signals): Promise<void> {
  if (draining.has(signal)) {
    process.removeAllListeners(signal) // so that it does what signals do
    process.kill(process.pid, signal)
    return
  }
  draining.add(signal)
  // Users' own listeners decide about the end of their process.
  const ends = process.listenerCount(signal) === 1
  await Promise.all([...(listening.get(signal) ?? [])].map(drain))
  draining.delete(signal)
  if (ends) process.exit(128 + constants.signals[signal])
}

async function drain(dispatcher: Dispatcher): Promise<void> {
  const { drainOnExit } = dispatcher.options
  if (drainOnExit === false) return
  dispatcher.streams.endAll() // the process ends: nobody will read on
  if (!(await dispatcher.eventLoop.settle(drainOnExit.timeout))) giveUp(dispatcher, drainOnExit.timeout)
}
