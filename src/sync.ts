export {
  AbandonedError,
  BrokenBarrierError,
  CancelledError,
  DeadlockError,
  ExecutorError,
  ItemTooLargeError,
  NotCloneableError,
  NotOwnerError,
  QueueEmptyError,
  QueueFullError,
  TimeoutError,
} from './channel/errors.js'
export { Barrier } from './sync/barrier.js'
/** @internal The worker's side of the package finds it here. */
export { revive } from './sync/carry.js'
export { Condition, type SharedCondition } from './sync/condition.js'
export { Event } from './sync/event.js'
export type { Guard } from './sync/guard.js'
export { Lock } from './sync/lock.js'
export {
  type AsyncPutOptions,
  type BlockingPutOptions,
  type PutOptions,
  Queue,
  type QueueOptions,
} from './sync/queue.js'
export { Semaphore, type SemaphoreOptions } from './sync/semaphore.js'
export type { Shared, SharedBy } from './sync/shared.js'
export type { AsyncWaitOptions } from './sync/waiting.js'
