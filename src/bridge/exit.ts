import { now } from '../channel/clock.js'
import { whileBlocked } from '../channel/threads.js'
import { callAllDue } from './callbacks.js'
import { never } from './deadline.js'
import type { Dispatcher } from './dispatcher.js'
import type { FunctionName } from './function-names.js'
import { takeInOrPark } from './park.js'
import { print } from './report.js'
import { unreadFailures } from './unread.js'

/** When a drain at exit says on stderr what it is waiting for, in ms. */
const patience = 5000

/** The executors of this thread that have a worker; one exit hook serves them all. */
class DrainedAtExit {
  readonly #dispatchers = new Set<Dispatcher>()
  /** When each drain began that is under way; also of executors that have lost their worker for good since. */
  readonly #begun = new Map<Dispatcher, number>()
  #isDraining = false
  #hooked = false
  #isOver = false

  add(dispatcher: Dispatcher): void {
    this.#dispatchers.add(dispatcher)
    if (this.#isDraining) this.begin(dispatcher) // by a callback
    if (this.#hooked) return
    this.#hooked = true
    // A listener that is added while 'exit' is being emitted is not called. Node has set this undocumented
    // property in every way to exit since version 0.10.
    this.#isOver = (process as { _exiting?: boolean })._exiting === true
    // Natural end, process.exit, uncaught error and unhandled rejection all come here, and a blocked hook may
    // take its time. It does not touch the exit code unless something is lost.
    process.on('exit', () => this.#drain())
    // This thread may be blocked for a lock that a task holds: nobody else looks after the worker then.
    whileBlocked.add(() => {
      for (const dispatcher of this.#dispatchers) dispatcher.checkNowAndThen()
    })
  }

  delete(dispatcher: Dispatcher): void {
    this.#dispatchers.delete(dispatcher)
  }

  /** The process is about to end: what dies with the worker from now on is lost to it. */
  begin(dispatcher: Dispatcher): void {
    if (this.#begun.has(dispatcher)) return
    this.#begun.set(dispatcher, now())
    dispatcher.ledger.lost.clear()
  }

  /** Says what has died with the worker since the drain began. */
  end(dispatcher: Dispatcher): void {
    const { lost } = dispatcher.ledger
    if (this.#begun.delete(dispatcher) && lost.size > 0)
      reportLoss(`${total(lost)} of executor '${dispatcher.name}' died with the worker: ${list(lost)}`)
  }

  /** The hook has run, and nothing else will drain: whoever submits in a later exit handler must wait at once. */
  get isOver(): boolean {
    return this.#isOver
  }

  /**
   * A callback may submit more, and may call `process.exit`, which in an exit hook ends the process for good: then the
   * rest is drained from there, however often that happens. What it calls, `process.reallyExit`, is undocumented, and
   * where exit handlers have been hooked in since Node 0.8.
   */
  #drain(): void {
    const notice = new Notice()
    const host = process as unknown as { reallyExit: (code?: number) => never }
    const { reallyExit } = host
    host.reallyExit = code => {
      this.#finish(notice)
      host.reallyExit = reallyExit
      return reallyExit.call(process, code)
    }
    this.#finish(notice)
    host.reallyExit = reallyExit
  }

  #finish(notice: Notice): void {
    this.#settleAll(notice)
    for (const dispatcher of this.#dispatchers) {
      // Otherwise the worker stays, with the state of its modules, for exit handlers that run after this one.
      if (dispatcher.ledger.pending.size === 0 && dispatcher.link?.hasExitHooks)
        dispatcher.closeWorker(now() + timeoutOf(dispatcher))
    }
    this.#isOver = true
    unreadFailures.reportAll()
  }

  #settleAll(notice: Notice): void {
    this.#isDraining = true
    for (const dispatcher of this.#dispatchers) {
      this.begin(dispatcher)
      dispatcher.streams.endAll()
    }
    callAllDue()
    do {
      for (let pending = this.#pending(); pending.length > 0; pending = this.#pending())
        this.#advance(pending, notice)
      callAllDue(this.#latestDeadline()) // what was cut short by the time of an executor that has been given up
    } while (this.#pending().length > 0) // submitted by a callback
    for (const dispatcher of [...this.#begun.keys()]) this.end(dispatcher)
    this.#isDraining = false
  }

  #advance(pending: Dispatcher[], notice: Notice): void {
    for (const dispatcher of pending) {
      dispatcher.admit()
      dispatcher.streams.endAll() // of those that have been let in since
      dispatcher.abandonIfEnded()
    }
    for (const { answers } of pending) answers.refuseUnanswered()
    const deadline = Math.min(...pending.map(dispatcher => this.#deadlineOf(dispatcher)))
    takeInOrPark(pending, Math.min(deadline, notice.due))
    for (const dispatcher of pending) this.#lookAfter(dispatcher)
    notice.giveWhenDue(this.#pending())
    callAllDue(deadline)
  }

  /** Also while messages keep coming: they may never stop. */
  #lookAfter(dispatcher: Dispatcher): void {
    dispatcher.checkNowAndThen()
    if (!dispatcher.isIdle && now() >= this.#deadlineOf(dispatcher)) giveUp(dispatcher, timeoutOf(dispatcher))
  }

  /** A drain that began on a signal has used up a part of its time. */
  #deadlineOf(dispatcher: Dispatcher): number {
    return (this.#begun.get(dispatcher) ?? now()) + timeoutOf(dispatcher)
  }

  /** Until when callbacks may be called: as long as any executor may take. */
  #latestDeadline(): number {
    const deadlines = [...this.#begun.keys()].map(dispatcher => this.#deadlineOf(dispatcher))
    return deadlines.length === 0 ? never : Math.max(...deadlines)
  }

  /** Those too that only wait for a place: it is kept by other threads, or by a worker that has not answered yet. */
  #pending(): Dispatcher[] {
    return [...this.#dispatchers].filter(({ isIdle, options }) => !isIdle && options.drainOnExit !== false)
  }
}

export const drainedAtExit = new DrainedAtExit()

/** One line for a process that takes long to end. */
class Notice {
  due = now() + patience

  giveWhenDue(dispatchers: Dispatcher[]): void {
    if (now() < this.due || dispatchers.length === 0) return
    this.due = never
    const tasks = dispatchers.flatMap(dispatcher => dispatcher.unsettled())
    const names = dispatchers.map(({ name }) => `'${name}'`).join(', ')
    print(`waiting for ${total(byFunction(tasks))} before exit, of ${names}: ${list(byFunction(tasks))}`)
  }
}

function timeoutOf({ options }: Dispatcher): number {
  return options.drainOnExit === false ? 0 : options.drainOnExit.timeout
}

/** Kills the worker and says on stderr what it had left to do. */
export function giveUp(dispatcher: Dispatcher, timeout: number): void {
  const left = byFunction(dispatcher.unsettled())
  const tasksOfOthers = dispatcher.link?.tasksOfOthers ?? 0
  dispatcher.abandon()
  reportLoss(
    `gave up on ${total(left)} of executor '${dispatcher.name}' after ${Math.round(timeout)} ms: ${list(left)}`,
  )
  reportOthers(dispatcher, tasksOfOthers)
}

/** What other threads had in a shared executor has ended with it: they alone know what it was. */
export function reportOthers({ name }: Dispatcher, tasks: number): void {
  if (tasks > 0) reportLoss(`${count(tasks)} of other threads ended with executor '${name}', unfinished`)
}

/** Work that was accepted is not done: whoever runs this program should hear of it. */
function reportLoss(message: string): void {
  print(message)
  process.exitCode ||= 1
}

function byFunction(tasks: Iterable<{ readonly fn: FunctionName }>): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { fn } of tasks) counts.set(fn.label, (counts.get(fn.label) ?? 0) + 1)
  return counts
}

function total(counts: ReadonlyMap<string, number>): string {
  return count([...counts.values()].reduce((sum, count) => sum + count, 0))
}

function count(tasks: number): string {
  return `${tasks} ${tasks === 1 ? 'task' : 'tasks'}`
}

function list(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([label, count]) => (count === 1 ? label : `${count} × ${label}`)).join(', ')
}
