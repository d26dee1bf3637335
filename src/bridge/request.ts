import { carriers } from '../channel/carriers.js'
import { Request, type RunExtras, type RunRequest } from '../channel/records.js'
import { findCarried } from './carry.js'
import { started } from './diagnostics.js'
import type { TaskOptions } from './options.js'
import type { Task } from './task.js'

/** The message that hands a task to the worker. */
export function requestOf(task: Task): RunRequest {
  const extras = carriers.length === 0 ? extrasOf(task) : carryingExtras(task)
  const request: RunRequest = [Request.Run, task.id, task.fn.number, task.args ?? []]
  if (extras !== undefined) request.push(extras)
  return request
}

function carryingExtras(task: Task): RunExtras | undefined {
  const extras = extrasOf(task)
  const carried = findCarried(task)
  return carried.length === 0 ? extras : { ...extras, carried }
}

/** Undefined for most tasks, which have nothing beyond a function and arguments. */
function extrasOf({ options, timeout, attempt, stream, isResent }: Task): RunExtras | undefined {
  const announce = started.hasSubscribers
  const isPlain =
    options === undefined && timeout === undefined && attempt === 1 && stream === undefined && !isResent
  if (isPlain && !announce) return undefined
  return {
    ...(options?.priority !== undefined && { priority: options.priority }),
    ...(timeout !== undefined && { timeout }),
    ...(attempt > 1 && { attempt }),
    ...(isResent && { resent: true }),
    ...(announce && { announce }),
    ...(stream !== undefined && { credit: stream.lookAhead }),
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
