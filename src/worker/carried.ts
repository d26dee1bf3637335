import type { CarriedValue } from '../channel/records.js'
import { CallbackCalls } from './callbacks.js'
import type { Task } from './task.js'

/** Puts back into a task's arguments what a copy cannot be: functions of the caller's, primitives in shared memory. */
export function reviveCarried(task: Task, carried: readonly CarriedValue[]): void {
  for (const { kind, path } of carried) {
    const key = path.at(-1) as string | number
    const owner = path
      .slice(0, -1)
      .reduce<unknown>((value, step) => Reflect.get(value as object, step), task.args)
    const data: unknown = Reflect.get(owner as object, key)
    Object.defineProperty(owner, key, {
      value: kind === 'callback' ? reviveCallback(task, data as number) : data,
      configurable: true,
      enumerable: true,
      writable: true,
    })
  }
}

function reviveCallback(task: Task, index: number): unknown {
  task.calls ??= new CallbackCalls(task)
  return task.calls.createFunction(index)
}
