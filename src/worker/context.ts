import type { AsyncLocalStorage } from 'node:async_hooks'
import type { Transferable } from 'node:worker_threads'
import { ExecutorError } from '../channel/errors.js'
import type { FunctionAddress } from '../channel/records.js'

/** What `currentTask()` shows of a task: in the worker, in a CPU thread, and in a pool. */
export interface TaskFace {
  readonly id: number
  readonly name: string
  readonly attempt: number
  readonly signal: AbortSignal
  readonly priority: number
}

/** What `currentTask()` finds: a task of a worker or of a pool, and the way its progress takes. */
export interface TaskContext {
  readonly task: TaskFace
  progress(value: unknown): void
}

/** A call of `offload()`, checked. */
export interface OffloadRequest {
  address: FunctionAddress
  args: readonly unknown[]
  timeout?: number | undefined
  priority?: number | undefined
  signal?: AbortSignal | undefined
  transferList: readonly Transferable[] | undefined
}

/** What the module behind `async-pool-executor/task` and its thread know of each other. */
export interface ThreadContext {
  /**
   * Which task the running code belongs to. Set by that module when a task's module imports it, because an
   * AsyncLocalStorage makes every promise of the thread slower.
   */
  storage: AsyncLocalStorage<TaskContext> | undefined
  /** `file:` URL from which `offload()` resolves './relative'. Set by the thread, as is the next. */
  base: string
  offload(request: OffloadRequest, caller: TaskContext): Promise<unknown>
}

export const context: ThreadContext = {
  storage: undefined,
  base: '',
  offload: () =>
    Promise.reject(
      new ExecutorError(
        'offload() was called in a task of a pool outside of any executor, which has the CPU threads',
      ),
    ),
}

/**
 * Aborts the signal of a task. What listens to that is the task's own code, which `currentTask()` is for, whoever
 * aborts it.
 *
 * @param known - what it runs in; undefined if nobody can have asked
 */
export function abortIn(known: TaskContext | undefined, controller: AbortController, reason: Error): void {
  if (known === undefined || context.storage === undefined) controller.abort(reason)
  else context.storage.run(known, () => controller.abort(reason))
}
