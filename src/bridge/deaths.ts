import { now } from '../channel/clock.js'
import { type Death, describeDeath } from '../channel/death.js'
import { BrokenExecutorError, ExecutorClosedError, WorkerDiedError } from '../channel/errors.js'
import type { Link } from './link.js'
import type { Task } from './task.js'

/** How long a thread may take to come to its first line, in ms. Node 20 tells nothing of one that never can. */
const startDeadline = 15_000

/** What a look at the worker shows: undefined if it lives. One that hangs is killed. */
export function findDeath(link: Link, hangTimeout: number): Death | undefined {
  // The exit code is looked at last: the thread may have gone through its exit hook since.
  if (link.isExiting || !link.isAlive())
    return link.isTerminated && !link.isExiting
      ? terminated
      : { ...describeDeath(link.exitCode), ...link.finality }
  if (link.silence > hangTimeout) {
    const reason = `its event loop stood still for more than the hangTimeout of ${hangTimeout} ms`
    link.stall = { exitCode: undefined, reason, cause: undefined }
    link.kill()
    return link.stall
  }
  if (link.startingFor > startDeadline) {
    const reason = `it did not start within ${startDeadline} ms`
    link.stall = { exitCode: undefined, reason, cause: undefined, isFinal: true }
    link.terminate()
    return link.stall
  }
  return undefined
}

const terminated: Death = { exitCode: undefined, reason: 'it was terminated', cause: undefined }

/** Remembers deaths, to tell a worker that died from one that cannot live. */
export class DeathCount {
  readonly #limit: { max: number; within: number }
  #times: number[] = []

  constructor(limit: { max: number; within: number }) {
    this.#limit = limit
  }

  /** True if the worker may be replaced once more. */
  add(): boolean {
    const time = now()
    this.#times = this.#times.filter(earlier => time - earlier < this.#limit.within)
    this.#times.push(time)
    return this.#times.length <= this.#limit.max
  }
}

export function diedError(task: Task, death: Death): WorkerDiedError {
  return withReason(`the worker died while it was running ${task.label}`, death)
}

/** It had not started, but cannot be sent again. */
export function lostError(task: Task, death: Death): WorkerDiedError {
  return withReason(`the worker died with what ${task.label} had transferred to it`, death)
}

function withReason(what: string, { exitCode, reason, cause }: Death): WorkerDiedError {
  return new WorkerDiedError(`${what}: ${reason}`, {
    exitCode,
    reason,
    ...(cause !== undefined && { cause }),
  })
}

export function brokenError(name: string, { reason, cause, isOrphaned }: Death): BrokenExecutorError {
  const why = isOrphaned ? reason : `its worker died once too often: ${reason}`
  return new BrokenExecutorError(`executor '${name}' is broken, ${why}`, { cause: cause ?? reason })
}

export function abandonedError(task: Task): ExecutorClosedError {
  return new ExecutorClosedError(`${task.label} was abandoned: its executor was shut down before it was done`)
}
