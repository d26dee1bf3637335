import { Histogram, WorkerState } from '../channel/words.js'
import { callDue } from './callbacks.js'
import type { Dispatcher } from './dispatcher.js'

/** Times in ms, rounded up by at most a quarter, over all tasks of the current worker. */
export interface Percentiles {
  p50: number
  p90: number
  p99: number
}

export interface RunningTask {
  /** As `Future.id`. */
  id: number
  /** The function, as `tasks.js#fetchPage`. */
  name: string
  /** For how long it has been running, in ms. */
  age: number
}

/** Where the tasks of an executor stand, read from shared memory even while the worker is stuck. */
export interface ExecutorStats {
  /** Accepted tasks waiting to start. */
  queued: number
  /** Tasks that have started and hold a slot; one that timed out or was cancelled holds it until it ends. */
  running: number
  /** Tasks fulfilled so far. */
  completed: number
  /** Tasks rejected so far. */
  failed: number
  /** Tasks cancelled so far. */
  cancelled: number
  /** Workers replaced so far. */
  restarts: number
  /** The tasks that are running, oldest first. */
  tasks: RunningTask[]
  /** How long tasks waited in the worker's queue. */
  waitTime: Percentiles
  /** How long tasks ran. */
  runTime: Percentiles
  /** 'none' before the first task, after a shutdown, and between a death and the next task. */
  worker: 'none' | 'starting' | 'ready' | 'exiting'
  /** When the worker's loop last came round, in ms ago; while tasks run, more than a few ms mean a blocked loop. */
  heartbeatAge: number
  /** CPU threads that there are, at work or not: 0 until a task is offloaded. */
  cpuThreads: number
}

const stateNames = {
  [WorkerState.Starting]: 'starting',
  [WorkerState.Initializing]: 'starting',
  [WorkerState.Ready]: 'ready',
  [WorkerState.Exiting]: 'exiting',
  [WorkerState.Exited]: 'exiting',
} as const

const nothing: Percentiles = { p50: 0, p90: 0, p99: 0 }

export function statsOf(dispatcher: Dispatcher): ExecutorStats {
  dispatcher.takeIn()
  callDue()
  const { link, queued, running, restarts } = dispatcher
  const { completed, failed, cancelled } = dispatcher.ledger.totals
  return {
    queued,
    running,
    completed,
    failed,
    cancelled,
    restarts,
    tasks: runningTasks(dispatcher),
    waitTime: link?.percentiles(Histogram.Wait) ?? nothing,
    runTime: link?.percentiles(Histogram.Run) ?? nothing,
    worker: link === undefined ? 'none' : stateNames[link.state],
    heartbeatAge: link?.heartbeatAge ?? 0,
    cpuThreads: link?.cpuThreads ?? 0,
  }
}

function runningTasks({ link, ledger }: Dispatcher): RunningTask[] {
  if (link === undefined) return []
  return [...link.runningTasks()]
    .map(({ id, age }) => ({ id, name: ledger.pending.get(id)?.fn.label ?? '(settled, still running)', age }))
    .sort((one, other) => other.age - one.age)
}
