/* For code that already lives on an event loop: `async-pool-executor/async`. */
export type { ShutdownReport } from './bridge/executor.js'
export type { ErrorHandler, TaskInfo } from './bridge/unread.js'
export {
  CancelledError,
  DeadlockError,
  ExecutorClosedError,
  ExecutorError,
  QueueFullError,
  TimeoutError,
} from './channel/errors.js'
export { AsyncPool, type PoolStats, shutdownAll } from './pool/async-pool.js'
export type { PoolFace } from './pool/face.js'
export { PoolFuture, type PoolFutureState } from './pool/future.js'
export type {
  AsyncPoolOptions,
  PoolMapOptions,
  PoolShutdownOptions,
  PoolTaskOptions,
} from './pool/options.js'
