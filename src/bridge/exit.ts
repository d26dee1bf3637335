import { now } from '../channel/clock.js'
import { callAllDue } from './callbacks.js'
import type { Dispatcher } from './dispatcher.js'
import { takeInOrPark } from './park.js'
import { print } from './report.js'
import { unreadFailures } from './unread.js'

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

  /**
   * Callbacks run only when everything is settled: they may end the process for good (`process.exit` in an exit
   * hook does), and they may submit more.
   */
  #drain(): void {
    const notice = new Notice()
    do this.#settleAll(notice)
    while (callAllDue() && this.#pending().length > 0)
    for (const dispatcher of this.#dispatchers) {
      // Otherwise the worker stays, with the state of its modules, for exit handlers that run after this one.
      if (dispatcher.link?.hasExitHooks) dispatcher.closeWorker(now() + timeoutOf(dispatcher))
    }
    this.#isOver = true
    unreadFailures.reportAll()
  }

  #settleAll(notice: Notice): void {
    const start = now()
    const lostBefore = new Map(
      [...this.#dispatchers].map(dispatcher => [dispatcher, dispatcher.ledger.totals.lost]),
    )
    for (let pending = this.#pending(); pending.length > 0; pending = this.#pending()) {
      const deadline = start + Math.min(...pending.map(timeoutOf))
      if (!takeInOrPark(pending, Math.min(deadline, notice.due)) && now() >= deadline)
        for (const dispatcher of pending)
          if (now() >= start + timeoutOf(dispatcher)) giveUp(dispatcher, timeoutOf(dispatcher))
      notice.giveWhenDue(pending)
    }
    for (const [{ name, ledger }, before] of lostBefore) {
      const lost = ledger.totals.lost - before
      if (lost > 0) reportLoss(`${count(lost)} of executor '${name}' died with the worker during the drain`)
    }
  }

  #pending(): Dispatcher[] {
    return [...this.#dispatchers].filter(
      ({ ledger, options }) => ledger.pending.size > 0 && options.drainOnExit !== false,
    )
  }
}

export const drainedAtExit = new DrainedAtExit()

/** One line for a process that takes long to end. */
class Notice {
  due = now() + patience

  giveWhenDue(dispatchers: Dispatcher[]): void {
    if (now() < this.due) return
    this.due = Number.POSITIVE_INFINITY
    print(`waiting for ${dispatchers.map(describe).join(' and ')} before exit`)
  }
}

function timeoutOf({ options }: Dispatcher): number {
  return options.drainOnExit === false ? 0 : options.drainOnExit.timeout
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
