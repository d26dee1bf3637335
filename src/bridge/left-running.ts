import { TimeoutError } from '../channel/errors.js'
import { runningSlots } from '../channel/words.js'
import { type Task, TaskState } from './task.js'

/** So many names are kept before those of tasks that have ended meanwhile are looked for. */
const fewNames = 64

/** The names of tasks that were settled while they ran, cancelled or too late, and run until they end. */
export class LeftRunning {
  readonly #names = new Map<number, string>()

  addIfLeft(task: Task): void {
    if (task.state !== TaskState.Cancelled && !(task.value instanceof TimeoutError)) return
    this.#names.set(task.id, task.fn.label)
    // At most so many run: to look through the slots as rarely as this costs each task next to nothing.
    if (this.#names.size > fewNames + runningSlots(task.dispatcher.options.size)) this.#forgetEnded(task)
  }

  nameOf(id: number): string | undefined {
    return this.#names.get(id)
  }

  #forgetEnded({ dispatcher }: Task): void {
    const running = new Set(dispatcher.runningIds())
    for (const id of this.#names.keys()) if (!running.has(id)) this.#names.delete(id)
  }
}
