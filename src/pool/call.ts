import { AsyncResource } from 'node:async_hooks'
import { context } from '../worker/context.js'
import type { Nesting } from './nesting.js'
import type { PoolTask } from './task.js'

/** Nothing is kept of the resource but its context, so there is nothing to destroy. */
const withoutDestroy = { requireManualDestroy: true }

/** For a task that does not start at once: whatever then starts it belongs to others. */
export function keepContext(task: PoolTask): void {
  task.scope = new AsyncResource('AsyncPoolTask', withoutDestroy)
}

/** Calls the task's function, in the async context of whoever handed it over. */
export function callTask(task: PoolTask, nesting: Nesting | undefined): unknown {
  const { fn, scope } = task
  task.scope = undefined
  const args = task.takeArguments()
  if (nesting === undefined && context.storage === undefined)
    return scope === undefined ? fn(...args) : scope.runInAsyncScope(fn, undefined, ...args)
  const callKnown = () => callWithin(task, nesting, () => adopt(fn(...args)))
  return scope === undefined ? callKnown() : scope.runInAsyncScope(callKnown)
}

/** `currentTask()` finds the innermost task; what that has no ear for, its progress, goes to the one around it. */
function callWithin(task: PoolTask, nesting: Nesting | undefined, start: () => unknown): unknown {
  const { storage } = context
  const call = nesting === undefined ? start : () => nesting.run(task, start)
  if (storage === undefined) return call()
  const progress = storage.getStore()?.progress ?? (() => {})
  task.context = { task, progress }
  return storage.run(task.context, call)
}

/** In the context of the task, which is who waits for the promise that it returns. */
function adopt(value: unknown): unknown {
  return isThenable(value) ? Promise.resolve(value) : value
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}
