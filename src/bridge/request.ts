import { Request, type RunExtras, type RunRequest } from '../channel/records.js'
import { started } from './diagnostics.js'
import type { TaskOptions } from './options.js'
import type { Task } from './task.js'

/** The message that hands a task to the worker. */
export function requestOf(task: Task): RunRequest {
  const request: RunRequest = [Request.Run, task.id, task.fn.number, task.args ?? []]
  const extras = extrasOf(task)
  if (extras !== undefined) request.push(extras)
  return request
}

/** Undefined for most tasks, which have nothing beyond a function and arguments. */
function extrasOf({ options, timeout, attempt }: Task): RunExtras | undefined {
  const announce = started.hasSubscribers
  if (options === undefined && timeout === undefined && attempt === 1 && !announce) return undefined
  return {
    ...(options?.priority !== undefined && { priority: options.priority }),
    ...(timeout !== undefined && { timeout }),
    ...(attempt > 1 && { attempt }),
    ...(announce && { announce }),
    ...(options?.offload && offloadExtras(options)),
  }
}

/** Named once more, the objects of the transfer list arrive as what the worker has instead of them. */
function offloadExtras({ idempotent, transferList }: TaskOptions): RunExtras {
  return {
    offload: true,
    ...(idempotent && { idempotent }),
    ...(transferList !== undefined && { transferList }),
  }
}
