import { join } from 'node:path'
import { type CallbackData, type CarriedValue, revive } from '../channel/carriers.js'
import { CallbackCalls } from './callbacks.js'
import type { Task } from './task.js'

/** Puts back into a task's arguments what a copy cannot be: functions of the caller's, primitives in shared memory. */
export function reviveCarried(task: Task, carried: readonly CarriedValue[]): void {
  revive(task.args, carried, (kind, left) =>
    kind === 'callback' ? reviveCallback(task, left as CallbackData) : revivePrimitive(left),
  )
}

function reviveCallback(task: Task, { callback }: CallbackData): unknown {
  task.calls ??= new CallbackCalls(task)
  return task.calls.createFunction(callback)
}

/** Loaded when one comes: few tasks are given any. */
export function revivePrimitive(data: unknown): unknown {
  return (require(join(__dirname, 'sync.js')) as typeof import('../sync.js')).revive(data)
}
