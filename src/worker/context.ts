import type { AsyncLocalStorage } from 'node:async_hooks'

/** What `currentTask()` finds: a task of a worker or of a pool, and the way its progress takes. */
export interface TaskContext {
  readonly task: {
    readonly id: number
    readonly name: string
    readonly attempt: number
    readonly signal: AbortSignal
  }
  progress(value: unknown): void
}

/**
 * Which task the running code belongs to. Set by the module behind `async-pool-executor/task` when a task's module
 * imports it, because an AsyncLocalStorage makes every promise of the thread slower.
 */
export const context: { storage: AsyncLocalStorage<TaskContext> | undefined } = { storage: undefined }
