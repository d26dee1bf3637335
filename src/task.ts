/* What a task can learn about itself: `async-pool-executor/task`. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Transferable } from 'node:worker_threads'
import type { TaskFunction } from './bridge/function-names.js'
import { addressOf, type ModulePath } from './bridge/function-names.js'
import { checkOffloadArguments } from './bridge/option-checks.js'
import { ExecutorError } from './channel/errors.js'
import { context, type TaskContext } from './worker/context.js'

export { transfer } from './channel/transfer.js'

context.storage ??= new AsyncLocalStorage<TaskContext>()

/** The task that the calling code runs for. */
export interface CurrentTask {
  /** As `Future.id`. */
  readonly id: number
  /** The function, as `tasks.js#fetchPage`. */
  readonly name: string
  /**
   * Aborted when the task is cancelled or takes longer than its `timeout`; the reason is the error. Not in a CPU thread,
   * which is ended instead.
   */
  readonly signal: AbortSignal
  /** 1, or more if the worker, or its CPU thread, died while the task, which is `idempotent`, was running. */
  readonly attempt: number
  /**
   * Sends a copy of `value` to the caller's `onProgress`, before the task's result.
   *
   * @throws {NotCloneableError} if it cannot be copied; says where
   */
  progress(value: unknown): void
}

/**
 * The task that the calling code runs for, also after an `await`, in a timer or in a callback that it started, and in
 * what listens to its signal.
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
  const { task, progress } = callingTask('currentTask()')
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

/** What can be said of a single call of {@link offload}. */
export interface OffloadOptions {
  /** How long the function may run, in ms; then the promise rejects with TimeoutError. @defaultValue no limit */
  timeout?: number
  /** Higher gets a CPU thread first; equal keeps the order. Any finite number. @defaultValue that of the task */
  priority?: number
  /** Aborting it rejects the promise with CancelledError; `cause` is the signal's reason. */
  signal?: AbortSignal
  /** ArrayBuffers, MessagePorts and the like in the arguments that are moved instead of copied. */
  transferList?: readonly Transferable[]
}

/**
 * Calls an exported function in a CPU thread of the executor, so that what it computes keeps no other task waiting.
 * Arguments and result are copied as `structuredClone` does it. The call is part of the task: `currentTask()` in the
 * function shows that one, and when the task is cancelled or too late, the call is, too. When a call ends early, its
 * CPU thread is ended.
 *
 * @param modulePath - as for `submit`; './relative' to the `base` of the executor
 * @param fnName - an export of that module, or a property of what it exports by default
 * @returns what the function returns; rejects with what it throws
 * @throws {ExecutorError} if the code does not run for a task of an executor
 * @throws {DeadlockError} in a CPU thread, which another call could wait for
 * @throws {NotCloneableError} if an argument or the result cannot be copied; says which
 * @throws {WorkerDiedError} if the CPU thread dies
 * @throws {TimeoutError} after `timeout`
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 * @example
 * import { offload } from 'async-pool-executor/task'
 *
 * export async function thumbnail(url) {
 *   const response = await fetch(url)
 *   return offload('./pixels.js', 'shrink', [await response.arrayBuffer(), 200])
 * }
 */
export async function offload<F extends TaskFunction>(
  modulePath: ModulePath,
  fnName: string,
  args?: Parameters<F>,
  options?: OffloadOptions,
): Promise<Awaited<ReturnType<F>>> {
  const caller = callingTask('offload()')
  const checked = checkOffloadArguments(args, options)
  const address = addressOf(modulePath, fnName, context.base)
  const request = { transferList: undefined, ...checked, address, args: args ?? [] }
  return context.offload(request, caller) as Promise<Awaited<ReturnType<F>>>
}

function callingTask(what: string): TaskContext {
  const found = context.storage?.getStore()
  if (found === undefined) throw new ExecutorError(`${what} was called outside of a task`)
  return found
}
