/*
 * Every error class of the package, in one file without imports: both threads construct them, and the
 * channel rebuilds them by name on the other side.
 */

/**
 * Base of every error that this package throws by itself. A task's own errors arrive as what they were.
 *
 * @example
 * try {
 *   future.result(500)
 * } catch (error) {
 *   if (error instanceof ExecutorError) console.error(error.code)
 *   else throw error
 * }
 */
export class ExecutorError extends Error {
  /** Stable across versions; messages are not. */
  readonly code: string = 'ERR_EXECUTOR'
}

/** A wait, or a task with a `timeout`, took longer than it was allowed. The task may still be running. */
export class TimeoutError extends ExecutorError {
  override readonly code = 'ERR_TIMEOUT'
}

/** The task was cancelled; `cause` is the reason given to `cancel()`, if any. */
export class CancelledError extends ExecutorError {
  override readonly code = 'ERR_CANCELLED'
}

/** `submitTimeout`, or the timeout of a shared queue's `put`, passed without space. Nothing was accepted. */
export class QueueFullError extends ExecutorError {
  override readonly code = 'ERR_QUEUE_FULL'
}

/** The executor has been shut down. Nothing was accepted. */
export class ExecutorClosedError extends ExecutorError {
  override readonly code = 'ERR_EXECUTOR_CLOSED'
}

/** The worker died more often than `restart` allows; `cause` is the last death. */
export class BrokenExecutorError extends ExecutorError {
  override readonly code = 'ERR_BROKEN_EXECUTOR'
}

/** The worker died while the task was running; `cause` is the error that killed it, where there was one. */
export class WorkerDiedError extends ExecutorError {
  override readonly code = 'ERR_WORKER_DIED'
  /** What the worker exited with; undefined when it could not say (killed, out of memory). */
  readonly exitCode: number | undefined
  /** What happened to the worker, in words. */
  readonly reason: string

  constructor(message: string, options: { exitCode?: number | undefined; reason: string; cause?: unknown }) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.exitCode = options.exitCode
    this.reason = options.reason
  }
}

/** The module was loaded, but it exports no function of that name. The message lists what it exports. */
export class TaskNotFoundError extends ExecutorError {
  override readonly code = 'ERR_TASK_NOT_FOUND'
}

/** A task module of TypeScript that neither Node nor an installed tsx can load. The message says what to install. */
export class TypeScriptUnsupportedError extends ExecutorError {
  override readonly code = 'ERR_TYPESCRIPT_UNSUPPORTED'
}

/** The package was bundled without the file that its worker thread starts from. The message says what to do. */
export class WorkerFileNotFoundError extends ExecutorError {
  override readonly code = 'ERR_WORKER_FILE_NOT_FOUND'
}

/** An argument or a result that structured clone refuses. The message says where it is. */
export class NotCloneableError extends ExecutorError {
  override readonly code = 'ERR_NOT_CLONEABLE'
}

/** The call could only have waited for itself. */
export class DeadlockError extends ExecutorError {
  override readonly code = 'ERR_DEADLOCK'
}

/** Only who holds a lock, or a permit, can give it back. */
export class NotOwnerError extends ExecutorError {
  override readonly code = 'ERR_NOT_OWNER'
}

/** The thread that held a lock ended without giving it back: what the lock protects may be half changed. */
export class AbandonedError extends ExecutorError {
  override readonly code = 'ERR_ABANDONED'
}

/** A barrier was reset or aborted, or a thread that waited at it ended. */
export class BrokenBarrierError extends ExecutorError {
  override readonly code = 'ERR_BROKEN_BARRIER'
}

/** A shared queue had no item within the time that a `get` was given. */
export class QueueEmptyError extends ExecutorError {
  override readonly code = 'ERR_QUEUE_EMPTY'
}

/** An item that would not fit into a shared queue even if it were empty. */
export class ItemTooLargeError extends ExecutorError {
  override readonly code = 'ERR_ITEM_TOO_LARGE'
}

const classes = {
  ExecutorError,
  TimeoutError,
  CancelledError,
  QueueFullError,
  ExecutorClosedError,
  BrokenExecutorError,
  WorkerDiedError,
  WorkerFileNotFoundError,
  TaskNotFoundError,
  TypeScriptUnsupportedError,
  NotCloneableError,
  DeadlockError,
  NotOwnerError,
  AbandonedError,
  BrokenBarrierError,
  QueueEmptyError,
  ItemTooLargeError,
}

/** The classes above by name, for the channel. */
export const executorErrors: ReadonlyMap<string, { prototype: ExecutorError }> = new Map(
  Object.entries(classes),
)

// The name goes on the prototype, as for built-in errors, and not on every error as an own property.
for (const [name, { prototype }] of executorErrors)
  Object.defineProperty(prototype, 'name', { value: name, configurable: true, writable: true })
