import { longestTimer, now } from '../channel/clock.js'
import { QueueFullError } from '../channel/errors.js'
import { onAbort } from '../channel/on-abort.js'
import { abortedError, refuseAborted } from './abort.js'
import { callDue } from './callbacks.js'
import { isOver, never } from './deadline.js'
import { argumentsDeadlock } from './deadlock.js'
import type { Call, Dispatcher } from './dispatcher.js'
import type { FunctionName } from './function-names.js'
import type { TaskOptions } from './options.js'
import type { Task } from './task.js'

/** A submit that waits for queue space on the event loop. */
interface Waiter {
  readonly fn: FunctionName
  accept(): Task
  resolve(task: Task): void
  reject(error: unknown): void
}

/**
 * The submits of one executor that wait for queue space: on the event loop first come, first served; one that blocks
 * waits for all of those.
 *
 * They wait for a task that leaves the worker's queue. For that the worker rings a bell that only a blocked thread
 * hears, so for those on the event loop it is asked for a message as well: `askForSpace` raises a word and looks at the
 * counters after it, the worker advances them and looks at the word after that, so one sees the other
 * (channel/wait.ts). A worker that dies instead is noticed by the timer that holds the event loop while anybody waits.
 */
export class Admission {
  readonly #dispatcher: Dispatcher
  readonly #waiters = new Set<Waiter>()
  #admitting = false

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  get isEmpty(): boolean {
    return this.#waiters.size === 0
  }

  /** What waits on the event loop. */
  get waiting(): Iterable<{ readonly fn: FunctionName }> {
    return this.#waiters
  }

  /**
   * Blocks until there is a place for a task, which the next one that is sent has. Ended as every wait of a blocked
   * thread is (bridge/park.ts), by space in the queue or by a message.
   *
   * @throws {QueueFullError} after `submitTimeout` ms
   */
  block(call: Call): void {
    try {
      this.#block(call)
    } catch (error) {
      this.#dispatcher.link?.unwish()
      this.admit() // those who wait on the event loop wish anew
      throw error
    }
  }

  #block({ fn, options }: Call): void {
    const dispatcher = this.#dispatcher
    const start = now()
    const deadline = options?.submitTimeout === undefined ? never : start + options.submitTimeout
    for (;;) {
      dispatcher.checkOpen()
      refuseAborted(options?.signal, fn.label) // before, or by a callback meanwhile
      this.admit()
      const link = dispatcher.startedLink()
      if (this.#isNobodyBefore && link.reserve()) return
      if (isOver(deadline)) {
        if (link.hasRoom()) return
        throw this.#queueFull(fn, now() - start)
      }
      link.wish()
      if (!dispatcher.takeIn()) {
        dispatcher.refuseDeadlock(deadline)
        if (link.waitsForItself) throw argumentsDeadlock(fn.label, dispatcher.name)
        link.awaitSpace(deadline, dispatcher)
      }
      callDue()
    }
  }

  /** Those on the event loop came first; but a submit in a getter comes before the one whose arguments are written. */
  get #isNobodyBefore(): boolean {
    return this.isEmpty || this.#admitting
  }

  /** Resolves once `accept` has been called, when it is this one's turn. */
  wait(fn: FunctionName, options: TaskOptions | undefined, accept: () => Task): Promise<Task> {
    const dispatcher = this.#dispatcher
    dispatcher.eventLoop.hold()
    return new Promise((resolve, reject) => {
      const timeout = options?.submitTimeout
      const timer =
        timeout !== undefined && timeout <= longestTimer
          ? setTimeout(() => this.#giveUp(waiter, fn, timeout), timeout)
          : undefined
      const stopListening =
        options?.signal && onAbort(options.signal, reason => waiter.reject(abortedError(reason, fn.label)))
      const leave = (): boolean => {
        if (!this.#waiters.delete(waiter)) return false
        clearTimeout(timer)
        stopListening?.()
        dispatcher.eventLoop.release()
        return true
      }
      const waiter: Waiter = {
        fn,
        accept,
        resolve: task => {
          if (leave()) resolve(task)
          else dispatcher.cancel(task, undefined) // given up by what ran while it was accepted
        },
        reject: error => {
          if (!leave()) return
          reject(error)
          if (this.#waiters.size === 0) dispatcher.link?.unwish()
        },
      }
      this.#waiters.add(waiter)
      this.admit()
    })
  }

  /**
   * Lets in as many as there is space for, or refuses all if the executor has ended: that the owner of a shared one has
   * shut it down, no message tells. Runs users' getters: not to be called in the midst of taking in messages.
   */
  admit(): void {
    if (this.#waiters.size === 0 || this.#admitting) return
    try {
      this.#dispatcher.checkOpen()
    } catch (error) {
      this.close(error as Error)
      return
    }
    this.#admitting = true
    try {
      for (const waiter of this.#waiters) {
        if (!this.#dispatcher.reserveOrAsk()) return
        this.#admitOne(waiter)
      }
    } finally {
      this.#admitting = false
    }
  }

  /** The executor will accept nothing more. */
  close(error: Error): void {
    for (const waiter of this.#waiters) waiter.reject(error)
  }

  #admitOne(waiter: Waiter): void {
    let task: Task
    try {
      task = waiter.accept()
    } catch (error) {
      waiter.reject(error)
      return
    }
    waiter.resolve(task)
  }

  #giveUp(waiter: Waiter, fn: FunctionName, waited: number): void {
    const dispatcher = this.#dispatcher
    if (dispatcher.link?.hasRoom() ?? true) this.#admitOne(waiter)
    else waiter.reject(this.#queueFull(fn, waited))
  }

  #queueFull({ label }: FunctionName, waited: number): QueueFullError {
    const { name, options, running, queued } = this.#dispatcher
    return new QueueFullError(
      `no queue space for ${label} in executor '${name}' after ${Math.round(waited)} ms: ` +
        `${running} running (size ${options.size}), ${queued} queued (queueSize ${options.queueSize})`,
    )
  }
}
