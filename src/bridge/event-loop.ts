import { now } from '../channel/clock.js'
import { callDue } from './callbacks.js'
import { never } from './deadline.js'
import type { Dispatcher } from './dispatcher.js'
import { settlesWithin, type Task, TaskState } from './task.js'

/** How often an event loop that is waited on looks after its worker, in ms. */
const watchInterval = 50

/** The waits for one executor that do not block: they hold the event loop for as long as anything is awaited. */
export class EventLoopWaits {
  readonly #dispatcher: Dispatcher
  #awaited = 0
  #watch: NodeJS.Timeout | undefined
  readonly #spaceWaiters: (() => void)[] = []

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
  }

  /** Also looks after what a blocked caller looks after: a dead worker sends no message. */
  hold(): void {
    if (this.#awaited++ > 0) return
    this.#watch = setInterval(() => {
      this.#dispatcher.checkAlive()
      this.#dispatcher.admit()
      callDue()
    }, watchInterval)
  }

  release(): void {
    if (--this.#awaited === 0) clearInterval(this.#watch)
  }

  /**
   * Resolves when every task is settled, or with false after `timeout` ms.
   *
   * @param tasks - unless given, those that are pending, also those that are accepted meanwhile
   */
  async settle(
    timeout: number,
    tasks: Iterable<Task> = this.#dispatcher.ledger.pending.values(),
  ): Promise<boolean> {
    const deadline = now() + timeout
    this.hold()
    try {
      for (const task of tasks) {
        while (task.state === TaskState.Pending) {
          const left = deadline - now()
          if (left <= 0) return false
          await settlesWithin(task, left)
        }
      }
      return true
    } finally {
      this.release()
    }
  }

  /** Also waits for slots that tasks hold which are settled, being cancelled or too late. */
  async join(): Promise<void> {
    while ((await this.settle(never)) && this.#dispatcher.unfinished > 0) await this.#space()
  }

  /**
   * A task may have left the queue or its slot. Called for the message that the worker was asked for, and when the
   * worker is gone.
   */
  onSpace(): void {
    for (const goOn of this.#spaceWaiters.splice(0)) goOn()
  }

  /** Ended by `onSpace`. Asks first and looks after that, so that no space is missed (bridge/admission.ts). */
  #space(): Promise<void> {
    this.hold()
    return new Promise(resolve => {
      this.#spaceWaiters.push(() => {
        this.release()
        resolve()
      })
      this.#dispatcher.link?.askForSpace()
      if (this.#dispatcher.unfinished === 0) this.onSpace()
    })
  }
}
