import { Histogram, WorkerState } from '../channel/words.js'
import { callDue } from './callbacks.js'
import { never } from './deadline.js'
import type { Dispatcher } from './dispatcher.js'
import type { Ledger } from './ledger.js'

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

/**
 * Where the tasks of an executor stand, read from shared memory even while the worker is stuck. If several threads share
 * it: where those of the thread that asks stand.
 */
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
  /** CPU threads that there are, at work or not: 0 until a task is offloaded, and in threads that do not own the executor. */
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
  // Does not block: to end a worker that hangs, which takes a moment, is left to those who wait.
  if (!dispatcher.takeIn()) dispatcher.checkNowAndThen(never)
  callDue()
  const { link, queued, restarts } = dispatcher
  const tasks = runningTasks(dispatcher)
  const { completed, failed, cancelled } = dispatcher.ledger.totals
  return {
    queued,
    running: tasks.length,
    completed,
    failed,
    cancelled,
    restarts,
    tasks,
    waitTime: link?.percentiles(Histogram.Wait) ?? nothing,
    runTime: link?.percentiles(Histogram.Run) ?? nothing,
    worker: link === undefined ? 'none' : stateNames[link.state],
    heartbeatAge: link?.heartbeatAge ?? 0,
    cpuThreads: link?.cpuThreads ?? 0,
  }
}

/**
 * A slot names its task until the outcome is posted, which is after the task has been counted as ended: of more slots
 * than tasks, those too many have ended, and are of tasks that have no name here any more.
 */
function runningTasks({ link, ledger, running }: Dispatcher): RunningTask[] {
  if (link === undefined) return []
  const byAge = (one: { age: number }, other: { age: number }) => other.age - one.age
  return [...link.runningTasks()]
    .map(({ id, age }) => ({ id, name: nameOf(ledger, id), age }))
    .sort(
      (one, other) => Number(one.name === undefined) - Number(other.name === undefined) || byAge(one, other),
    )
    .slice(0, running)
    .sort(byAge)
    .map(({ id, name, age }) => ({ id, name: name ?? '(settled, still running)', age }))
}

/** Of one that has not settled, or was settled while it ran. */
function nameOf({ pending, leftRunning }: Ledger, id: number): string | undefined {
  return pending.get(id)?.fn.label ?? leftRunning.nameOf(id)
}
