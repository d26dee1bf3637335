import { decodeError, type ErrorRecord } from '../channel/error-record.js'
import {
  type CalledResponse,
  Outcome,
  type ProgressResponse,
  Response,
  type ResponseMessage,
} from '../channel/records.js'
import { answerSoon, callSoon } from './callbacks.js'
import { announce, settled, started } from './diagnostics.js'
import { LeftRunning } from './left-running.js'
import { print } from './report.js'
import { type SettledState, type Task, TaskState } from './task.js'

/** How many tasks ended in which way. */
export interface Totals {
  completed: number
  failed: number
  cancelled: number
  /** Settled because their executor was shut down, or the process ended, before they were done. */
  abandoned: number
}

/** Every accepted task from its acceptance to its one and only settlement. */
export class Ledger {
  readonly totals: Totals = { completed: 0, failed: 0, cancelled: 0, abandoned: 0 }
  /** Accepted and not settled, in order of acceptance. */
  readonly pending = new Map<number, Task>()
  /** How many of the pending tasks have a timeout. */
  timed = 0
  /** Tasks that died with a worker, by function. */
  readonly lost = new Map<string, number>()
  readonly leftRunning = new LeftRunning()

  add(task: Task): void {
    this.pending.set(task.id, task)
    if (task.timeout !== undefined) this.timed++
  }

  /** False if the task had settled already: late replies, cancels and timeouts of the same task end here. */
  settle(task: Task, state: SettledState, value: unknown, total: keyof Totals = totalOf[state]): boolean {
    if (!this.pending.delete(task.id)) return false
    this.totals[total]++
    if (task.timeout !== undefined) this.timed--
    task.settle(state, value)
    if (state !== TaskState.Fulfilled) this.leftRunning.addIfLeft(task)
    if (settled.hasSubscribers) announce(settled, { ...task.info, state: stateNames[state] })
    return true
  }

  reject(tasks: Iterable<Task>, errorFor: (task: Task) => Error, total?: keyof Totals): void {
    for (const task of [...tasks]) this.settle(task, TaskState.Rejected, errorFor(task), total)
  }

  /** Rejects tasks that a worker took with it. */
  lose(tasks: readonly Task[], errorFor: (task: Task) => Error, total?: keyof Totals): void {
    for (const { fn } of tasks) this.lost.set(fn.label, (this.lost.get(fn.label) ?? 0) + 1)
    this.reject(tasks, errorFor, total)
  }

  receive(message: ResponseMessage): void {
    switch (message[0]) {
      case Response.Settled:
        for (let index = 1; index < message.length; index += 3)
          this.#onOutcome(message[index] as number, message[index + 1] as Outcome, message[index + 2])
        break
      case Response.Started:
        this.#onStarted(message[1])
        break
      case Response.Items:
        this.pending.get(message[1])?.stream?.receive(message)
        break
      case Response.Called:
        this.#onCalled(message)
        break
      case Response.Progress:
        this.#onProgress(message)
        break
    }
  }

  #onOutcome(id: number, outcome: Outcome, value: unknown): void {
    const task = this.pending.get(id)
    if (task === undefined) return // settled from this side; a late reply is nobody's
    if (outcome === Outcome.Fulfilled) this.settle(task, TaskState.Fulfilled, value)
    else if (outcome === Outcome.Failed)
      this.settle(task, TaskState.Rejected, decodeError(value as ErrorRecord))
    else this.settle(task, TaskState.Rejected, value)
  }

  #onStarted(id: number): void {
    const task = this.pending.get(id)
    if (task !== undefined) announce(started, task.info)
  }

  #onCalled([, id, call, index, args]: CalledResponse): void {
    const task = this.pending.get(id)
    const callback = task?.callbacks?.[index]
    if (task === undefined || callback === undefined) return
    answerSoon(() => task.dispatcher.answers.give(task, call, () => callback.call(...args)))
  }

  #onProgress([, id, value, lost]: ProgressResponse): void {
    const onProgress = this.pending.get(id)?.options?.onProgress
    if (onProgress === undefined) return
    if (lost === undefined) callSoon('onProgress', () => onProgress(value))
    else print(lost)
  }
}

const totalOf = {
  [TaskState.Fulfilled]: 'completed',
  [TaskState.Rejected]: 'failed',
  [TaskState.Cancelled]: 'cancelled',
} as const

export const stateNames = {
  [TaskState.Fulfilled]: 'fulfilled',
  [TaskState.Rejected]: 'rejected',
  [TaskState.Cancelled]: 'cancelled',
} as const
