import { type Carrier, registerCarrier } from '../channel/carriers.js'
import { NotCloneableError } from '../channel/errors.js'
import { invalidType } from '../channel/validate.js'
import type { Task } from './task.js'

/** The task whose arguments are being written: the innermost, since getters among them may submit another one. */
let written: Task | undefined

/** @returns what was written before, to be gone on with afterwards */
export function beginWriting(task: Task | undefined): Task | undefined {
  const outer = written
  written = task
  return outer
}

/** A function of this thread that a task may call. */
export class Callback {
  readonly #fn: (...args: unknown[]) => unknown

  constructor(fn: (...args: unknown[]) => unknown) {
    this.#fn = fn
    // All that structured clone sees of it: a number, of which the task makes a function, and a function, which is
    // refused, where nobody would: in a Map, say, or in another library's message.
    Object.defineProperty(this, 'callback', { enumerable: true, get: () => indexIn(written, this) ?? fn })
  }

  call(...args: unknown[]): unknown {
    return this.#fn(...args)
  }
}

function indexIn(task: Task | undefined, callback: Callback): number | undefined {
  const index = task?.callbacks?.indexOf(callback)
  return index === -1 ? undefined : index
}

/**
 * Makes a function of this thread an argument that a task can call: the task gets an async function, calls it with
 * values that can be cloned and awaits what it returns, or throws. It runs in this thread: while that is blocked in the
 * executor that the task was given to, or when its event loop turns. It may be async if the thread is not blocked;
 * if it is, its promise could not settle, and the task gets a {@link DeadlockError}. So does a callback that blocks
 * in the same executor.
 *
 * @returns to be put anywhere in the arguments, in arrays and plain objects too; it is not to be called here
 * @throws {TypeError} ERR_INVALID_ARG_TYPE if that is not a function
 * @example
 * const choose = callback(names => names[0])
 * const chosen = executor.run('./tasks.js', 'pick', [{ choose }])
 */
export function callback<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => Promise<Awaited<R>> {
  if (typeof fn !== 'function') throw invalidType('fn', 'a function', fn)
  registerCarrier(carrier)
  return new Callback(fn as (...args: unknown[]) => unknown) as never
}

const carrier: Carrier = {
  kind: 'callback',
  is: value => value instanceof Callback,
  prepare(value, owner) {
    const task = owner as Task
    if (task.options?.offload)
      throw new NotCloneableError(
        `args contain a callback, which ${task.label} cannot call from a CPU thread`,
      )
    task.callbacks ??= []
    if (!task.callbacks.includes(value as Callback)) task.callbacks.push(value as Callback)
  },
}
