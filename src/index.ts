export { callback } from './bridge/callback.js'
export { asCompleted, gather, type WaitOptions, wait } from './bridge/compose.js'
export { AsyncPoolExecutor, type ShutdownOptions, type ShutdownReport } from './bridge/executor.js'
export type { ModulePath, TaskFunction } from './bridge/function-names.js'
export { Future, type FutureState } from './bridge/future.js'
export type { ModuleFacade } from './bridge/module-facade.js'
export type {
  AttachOptions,
  ExecutorOptions,
  MapOptions,
  StreamOptions,
  TaskOptions,
} from './bridge/options.js'
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
  TypeScriptUnsupportedError,
  WorkerDiedError,
  WorkerFileNotFoundError,
} from './channel/errors.js'
export type { ExecutorHandle } from './channel/sharing.js'
export { transfer } from './channel/transfer.js'
