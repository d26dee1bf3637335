import type { Dispatcher } from './dispatcher.js'
import { print, unreadFailures } from './unread.js'

/** When a drain at exit says on stderr what it is waiting for, in ms. */
const patience = 5000

/** The executors of this thread that have a worker; one exit hook serves them all. */
class DrainedAtExit {
  readonly #dispatchers = new Set<Dispatcher>()
  #hooked = false
  #isOver = false

  add(dispatcher: Dispatcher): void {
    this.#dispatchers.add(dispatcher)
    if (this.#hooked) return
    this.#hooked = true
    // A listener that is added while 'exit' is being emitted is not called. Node has set this undocumented
    // property in every way to exit since version 0.10.
    this.#isOver = (process as { _exiting?: boolean })._exiting === true
    // Natural end, process.exit, uncaught error and unhandled rejection all come here, and a blocked hook may
    // take its time. It does not touch the exit code unless something is lost.
    process.on('exit', () => this.#drain())
  }

  delete(dispatcher: Dispatcher): void {
    this.#dispatchers.delete(dispatcher)
  }

  /** The hook has run, and nothing else will drain: whoever submits in a later exit handler must wait at once. */
  get isOver(): boolean {
    return this.#isOver
  }

  #drain(): void {
    for (const dispatcher of this.#dispatchers) drain(dispatcher)
    this.#isOver = true
    unreadFailures.reportAll()
  }
}

export const drainedAtExit = new DrainedAtExit()

function drain(dispatcher: Dispatcher): void {
  const { drainOnExit } = dispatcher.options
  if (drainOnExit === false) return
  const { timeout } = drainOnExit
  const start = performance.now()
  const deadline = start + timeout
  const lostBefore = dispatcher.ledger.totals.lost
  if (!dispatcher.join(Math.min(deadline, start + patience)) && performance.now() < deadline)
    print(`waiting for ${describe(dispatcher)} before exit`)
  if (!dispatcher.join(deadline)) giveUp(dispatcher, timeout)
  // Otherwise the worker stays, with the state of its modules, for exit handlers that run after this one.
  else if (dispatcher.link?.hasExitHooks) dispatcher.closeWorker(deadline)
  const lost = dispatcher.ledger.totals.lost - lostBefore
  if (lost > 0)
    reportLoss(`${count(lost)} of executor '${dispatcher.name}' died with the worker during the drain`)
}

/** Kills the worker and says on stderr what it had left to do. */
export function giveUp(dispatcher: Dispatcher, timeout: number): void {
  const left = describe(dispatcher)
  dispatcher.abandon()
  reportLoss(`gave up on ${left} after ${Math.round(timeout)} ms`)
}

/** Work that was accepted is not done: whoever runs this program should hear of it. */
function reportLoss(message: string): void {
  print(message)
  process.exitCode ||= 1
}

function describe(dispatcher: Dispatcher): string {
  const names = [...dispatcher.ledger.pending.values()].map(task => task.fn.label)
  return `${count(names.length)} of executor '${dispatcher.name}' (${summarize(names)})`
}

function count(tasks: number): string {
  return `${tasks} ${tasks === 1 ? 'task' : 'tasks'}`
}

function summarize(labels: string[]): string {
  const counts = new Map<string, number>()
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].map(([label, times]) => (times === 1 ? label : `${times} × ${label}`)).join(', ')
}
