import { AsyncPoolExecutor } from 'async-pool-executor'
import { onTestFinished } from 'vitest'
import { tasks } from './paths.mjs'

/** An executor that ends with the test, whatever state that leaves it in. */
export function createExecutor(options) {
  const executor = new AsyncPoolExecutor(options)
  onTestFinished(() => {
    executor.shutdown({ timeout: 2_000 })
  })
  return executor
}

/** Words that tests and tasks share; see fixtures/tasks.mjs. */
export const Signal = { Gate: 0, Running: 1, MostRunning: 2, Started: 3, Finished: 4, Logged: 5, Log: 6 }

export function createSignals(logSize = 0) {
  return new Int32Array(new SharedArrayBuffer((Signal.Log + logSize) * 4))
}

/** Lets through everything that `hold` keeps, now and later. */
export function openGate(signals) {
  Atomics.store(signals, Signal.Gate, 1)
  Atomics.notify(signals, Signal.Gate)
}

/** Blocks until a word has reached a value; a word that never does is a failure. */
export function awaitSignal(signals, index, value) {
  for (;;) {
    const current = Atomics.load(signals, index)
    if (current >= value) return current
    if (Atomics.wait(signals, index, current, 10_000) === 'timed-out')
      throw new Error(`word ${index} is still ${current}, not ${value}, after 10 s`)
  }
}

export function logged(signals) {
  return [...signals.subarray(Signal.Log, Signal.Log + Atomics.load(signals, Signal.Logged))]
}

/** Takes every slot of an executor until the gate is opened. */
export function occupy(executor, signals = createSignals()) {
  const started = Atomics.load(signals, Signal.Started)
  const futures = Array.from({ length: executor.size }, () => executor.submit(tasks, 'hold', [signals]))
  awaitSignal(signals, Signal.Started, started + executor.size)
  return { signals, futures, open: () => openGate(signals) }
}

/** The error a function throws. */
export function thrownBy(fn) {
  try {
    fn()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}
