/* What a task can learn about itself: `async-pool-executor/task`. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { ExecutorError } from './channel/errors.js'
import { context, type TaskContext } from './worker/context.js'

context.storage ??= new AsyncLocalStorage<TaskContext>()

/** The task that the calling code runs for. */
export interface CurrentTask {
  /** As `Future.id`. */
  readonly id: number
  /** The function, as `tasks.js#fetchPage`. */
  readonly name: string
  /** Aborted when the task is cancelled or takes longer than its `timeout`; the reason is the error. */
  readonly signal: AbortSignal
  /** 1, or more if the worker died while the task, which is `idempotent`, was running. */
  readonly attempt: number
  /**
   * Sends a copy of `value` to the caller's `onProgress`, before the task's result.
   *
   * @throws {DOMException} DataCloneError if it cannot be copied
   */
  progress(value: unknown): void
}

/**
 * The task that the calling code runs for, also after an `await`, in a timer or in a callback that it started.
 *
 * @throws {ExecutorError} if the code does not run for a task
 * @example
 * import { currentTask } from 'async-pool-executor/task'
 *
 * export async function download(url) {
 *   const { signal, progress } = currentTask()
 *   const response = await fetch(url, { signal })
 *   progress('headers are here')
 *   return response.text()
 * }
 */
export function currentTask(): CurrentTask {
  const found = context.storage?.getStore()
  if (found === undefined) throw new ExecutorError('currentTask() was called outside of a task')
  const { task, progress } = found
  return {
    id: task.id,
    name: task.name,
    get signal() {
      return task.signal
    },
    attempt: task.attempt,
    progress,
  }
}
