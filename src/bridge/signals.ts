import { constants } from 'node:os'
import { isMainThread } from 'node:worker_threads'
import type { Dispatcher } from './dispatcher.js'
import { drainedAtExit, giveUp } from './exit.js'

/** Signals that are listened for, and the executors that are to be drained on them. */
const listening = new Map<NodeJS.Signals, Set<Dispatcher>>()
let isDraining = false

/** From its first task on an executor reacts to its signals. Threads other than the main one get none (Node). */
export function drainOnSignals(dispatcher: Dispatcher): void {
  if (!isMainThread) return
  for (const signal of dispatcher.options.drainOnSignals) {
    const dispatchers = listening.get(signal)
    if (dispatchers !== undefined) dispatchers.add(dispatcher)
    else {
      listening.set(signal, new Set([dispatcher]))
      // First of all, to see listeners that are removed as they are called.
      process.prependListener(signal, onSignal)
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
  // Users' own listeners decide about the end of their process.
  const ends = process.listenerCount(signal) === 1
  if (isDraining) {
    if (ends) endAtOnce(signal)
    return
  }
  isDraining = true
  const dispatchers = [...(listening.get(signal) ?? [])]
  await Promise.all(dispatchers.map(drain))
  if (ends) process.exit(128 + constants.signals[signal])
  for (const dispatcher of dispatchers) drainedAtExit.end(dispatcher)
  isDraining = false
}

/** Does what the signal does where nobody listens. */
function endAtOnce(signal: NodeJS.Signals): void {
  process.removeListener(signal, onSignal)
  process.kill(process.pid, signal)
}

/**
 * Waits for what was accepted before the signal. What comes later is left to the exit hook: otherwise a process that
 * goes on submitting would never end.
 */
async function drain(dispatcher: Dispatcher): Promise<void> {
  const { drainOnExit } = dispatcher.options
  if (drainOnExit === false) return
  drainedAtExit.begin(dispatcher)
  dispatcher.streams.endAll() // the process ends: nobody will read on
  const accepted = [...dispatcher.ledger.pending.values()]
  if (!(await dispatcher.eventLoop.settle(drainOnExit.timeout, accepted)))
    giveUp(dispatcher, drainOnExit.timeout)
}
