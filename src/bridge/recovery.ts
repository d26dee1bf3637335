import type { Death } from '../channel/death.js'
import { TimeoutError } from '../channel/errors.js'
import { diedError, lostError } from './deaths.js'
import type { Dispatcher } from './dispatcher.js'
import type { Ledger } from './ledger.js'
import type { Link } from './link.js'
import { send } from './send.js'
import { type Task, TaskState } from './task.js'

/* What becomes of tasks whose worker is gone, or does not see to them any more. */

/** How long a worker may be late in timing a task out before its caller does it, in ms. */
const grace = 50

/** @param ids - what ran in the dead worker: it is rejected, or marked to be run once more */
export function loseRunning(ledger: Ledger, ids: readonly number[], death: Death): void {
  const died: Task[] = []
  for (const id of ids) {
    const task = ledger.pending.get(id)
    if (task?.options?.idempotent === true) task.attempt++
    else if (task !== undefined) died.push(task)
  }
  ledger.lose(died, task => diedError(task, death))
}

/** What waited in the dead worker's queue goes to a new one, in the order of its acceptance. */
export function resend(dispatcher: Dispatcher, death: Death): void {
  const { ledger } = dispatcher
  loseMoved(ledger, death)
  for (const task of [...ledger.pending.values()]) {
    if (task.stream?.isEnded) {
      ledger.settle(task, TaskState.Fulfilled, undefined)
      continue
    }
    task.isResent = true
    try {
      send(dispatcher.startedLink(), task)
    } catch (error) {
      // Its arguments were cloneable at the first time: they have been changed since.
      ledger.settle(task, TaskState.Rejected, error)
    }
  }
}

/** What was moved to the dead worker is gone; to clone a MessagePort that was moved crashes Node 20 and 26. */
function loseMoved(ledger: Ledger, death: Death): void {
  const moved = [...ledger.pending.values()].filter(({ options }) => options?.transferList?.length)
  ledger.lose(moved, task => lostError(task, death))
}

/** The worker times tasks out, unless its event loop stands still. */
export function timeOutOverdue(dispatcher: Dispatcher, link: Link): void {
  for (const { id, age } of link.runningTasks()) {
    const task = dispatcher.ledger.pending.get(id)
    if (task?.timeout === undefined || age < task.timeout + grace) continue
    const error = new TimeoutError(
      `${task.label} took longer than its timeout of ${task.timeout} ms, and the worker's event loop stands still ` +
        `for ${Math.round(link.heartbeatAge)} ms`,
    )
    if (dispatcher.ledger.settle(task, TaskState.Rejected, error)) link.cancel(id, error)
  }
}
