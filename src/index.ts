export { asCompleted, gather, type WaitOptions, wait } from './bridge/compose.js'
export {
  AsyncPoolExecutor,
  type ShutdownOptions,
  type ShutdownReport,
  type TaskFunction,
} from './bridge/executor.js'
export type { ModulePath } from './bridge/function-names.js'
export { Future, type FutureState } from './bridge/future.js'
export type { ExecutorOptions, MapOptions, TaskOptions } from './bridge/options.js'
export type { ExecutorStats, Percentiles, RunningTask } from './bridge/stats.js'
export type { ErrorHandler, TaskInfo } from './bridge/unread.js'
export {
  AbandonedError,
  BrokenBarrierError,
  BrokenExecutorError,
  CancelledError,
  DeadlockError,
  ExecutorClosedError,
  ExecutorError,
  ItemTooLargeError,
  NotCloneableError,
  NotOwnerError,
  QueueEmptyError,
  QueueFullError,
  TaskNotFoundError,
  TimeoutError,
  WorkerDiedError,
} from './channel/errors.js'
