import { CancelledError, TimeoutError } from '../channel/errors.js'
import { onAbort } from '../channel/on-abort.js'
import { labelOf } from '../channel/records.js'
import type { OffloadRequest, TaskContext } from './context.js'
import type { CpuPool } from './cpu-pool.js'
import type { Task } from './task.js'

/** Node's timers go no further, 24.8 days; a longer timeout is none. */
const longestTimer = 2 ** 31 - 1

/** What a task that runs in a CPU thread tells the loop that started it. */
export interface OffloadEvents {
  onStart(): void
  onProgress(value: unknown): void
}

/** Runs a whole task in a CPU thread; the promise settles when it gives up its slot. */
export function offloadTask(pool: CpuPool, task: Task, events: OffloadEvents): Promise<unknown> {
  const { entry, args, extras, priority, signal } = task
  return pool.run({
    task,
    address: entry.address,
    args,
    transferList: extras?.transferList,
    priority,
    idempotent: extras?.idempotent === true,
    signal,
    ...events,
  })
}

/**
 * `offload()` inside a task. What ends the call early (its timeout, its signal, the task's own signal) rejects the
 * promise at once, also if the thread takes a while to end.
 */
export function offloadPart(pool: CpuPool, request: OffloadRequest, caller: TaskContext): Promise<unknown> {
  const { address, args, transferList, timeout, signal } = request
  const { task, progress } = caller
  const label = `${labelOf(address)} (offloaded by task ${task.id})`
  return new Promise((resolve, reject) => {
    const stopper = new AbortController()
    let timer: NodeJS.Timeout | undefined
    const end = (reason: unknown) => {
      stopper.abort(reason)
      reject(reason)
    }
    const cancel = (cause: unknown) => end(new CancelledError(`${label} was cancelled`, { cause }))
    const deafen = [onAbort(task.signal, end), signal && onAbort(signal, cancel)]
    if (task.signal.aborted) end(task.signal.reason)
    else if (signal?.aborted) cancel(signal.reason)
    const call = {
      task,
      address,
      args,
      transferList,
      priority: request.priority ?? task.extras?.priority ?? 0,
      idempotent: false,
      signal: stopper.signal,
      onProgress: progress,
      onStart() {
        if (timeout === undefined || timeout > longestTimer) return
        timer = setTimeout(
          () => end(new TimeoutError(`${label} took longer than its timeout of ${timeout} ms`)),
          timeout,
        )
      },
    }
    const leave = () => {
      clearTimeout(timer)
      for (const stop of deafen) stop?.()
    }
    pool.run(call).then(resolve, reject).finally(leave)
  })
}
