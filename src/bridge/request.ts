import { carriers } from '../channel/carriers.js'
import { Request, type RunExtras, type RunRequest } from '../channel/records.js'
import { carry } from './carry.js'
import { started } from './diagnostics.js'
import type { TaskOptions } from './options.js'
import type { Task } from './task.js'

/** The message that hands a task to the worker. */
export function requestOf(task: Task): RunRequest {
  const extras = extrasOf(task)
  if (carriers.length > 0) return carryingRequest(task, extras)
  const request: RunRequest = [Request.Run, task.id, task.fn.number, task.args ?? []]
  if (extras !== undefined) request.push(extras)
  return request
}

function carryingRequest(task: Task, extras: RunExtras | undefined): RunRequest {
  const { args, carried } = carry(task)
  const request: RunRequest = [Request.Run, task.id, task.fn.number, args]
  if (extras !== undefined || carried.length > 0)
    request.push({ ...extras, ...(carried.length > 0 && { carried }) })
  return request
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
