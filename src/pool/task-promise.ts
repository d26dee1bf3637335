import type { Nesting } from './nesting.js'
import { ObservedPromise, type PromiseObserver } from './promise.js'
import { type PoolTask, TaskState } from './task.js'

/**
 * Of the result, or of the acceptance. If another task of the same pool awaits it, it is known to wait for its pool.
 */
export function promiseOfCall(task: PoolTask, nesting: Nesting | undefined): Promise<unknown> {
  if (nesting?.caller === undefined) return new Promise(settledBy(task))
  const promise: ObservedPromise<unknown> = ObservedPromise.create(settledBy(task), {
    onAwait: () => nesting.wait(task, promise),
  })
  return promise
}

/** Of the result of an accepted task, which may have settled. */
export function promiseOfFuture(task: PoolTask, nesting: Nesting | undefined): ObservedPromise<unknown> {
  const observer: PromiseObserver = { onThen: () => task.markRead() }
  const promise: ObservedPromise<unknown> = ObservedPromise.create(settledBy(task), observer)
  if (nesting !== undefined) observer.onAwait = () => nesting.wait(task, promise)
  promise.whenSettled(() => {}) // whether a failure goes unread is for us to say, and not for Node
  if (task.state === TaskState.Fulfilled) task.resolve?.(task.value)
  else if (task.isSettled) task.reject?.(task.value)
  return promise
}

function settledBy(task: PoolTask) {
  return (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => {
    task.resolve = resolve
    task.reject = reject
  }
}
