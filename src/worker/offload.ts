/* What tasks need CPU threads for. A file of its own in the built package, since few programs do. */
import { longestTimer } from '../channel/clock.js'
import { CancelledError, TimeoutError } from '../channel/errors.js'
import { onAbort } from '../channel/on-abort.js'
import { labelOf, type WorkerInit } from '../channel/records.js'
import type { OffloadRequest, TaskContext } from './context.js'
import { CpuPool } from './cpu-pool.js'
import type { Task } from './task.js'

/** What a task that runs in a CPU thread tells the loop that started it. */
export interface OffloadEvents {
  /** A thread has taken it. Called once more if that dies and the task may run again. */
  onStart(): void
  onProgress(value: unknown): void
}

export class Offloading {
  readonly #pool: CpuPool

  constructor(init: WorkerInit) {
    this.#pool = new CpuPool(init)
  }

  /** Runs a whole task in a CPU thread; settles when it gives up its slot. */
  runTask(task: Task, events: OffloadEvents): Promise<unknown> {
    const { entry, args, extras, priority, signal } = task
    return this.#pool.run({
      task,
      address: entry.address,
      args,
      carried: extras?.carried,
      transferList: extras?.transferList,
      priority,
      idempotent: extras?.idempotent === true,
      isWhole: true,
      signal,
      ...events,
    })
  }

  /**
   * `offload()` inside a task. What ends the call early (its timeout, its signal, the task's own signal) rejects the
   * promise at once, also if the thread takes a while to end.
   */
  runPart(request: OffloadRequest, { task, progress }: TaskContext): Promise<unknown> {
    const { timeout, signal, ...call } = request
    const label = `${labelOf(request.address)} (offloaded by task ${task.id})`
    return new Promise((resolve, reject) => {
      const stopper = new AbortController()
      let timer: NodeJS.Timeout | undefined
      const end = (reason: unknown) => {
        stopper.abort(reason)
        reject(reason)
      }
      const cancel = (cause: unknown) => end(new CancelledError(`${label} was cancelled`, { cause }))
      const timeOut = () => end(new TimeoutError(`${label} took longer than its timeout of ${timeout} ms`))
      const deafen = [onAbort(task.signal, end), signal && onAbort(signal, cancel)]
      if (task.signal.aborted) end(task.signal.reason)
      else if (signal?.aborted) cancel(signal.reason)
      const ended = this.#pool.run({
        ...call,
        task,
        priority: request.priority ?? task.priority,
        idempotent: false,
        isWhole: false,
        signal: stopper.signal,
        onProgress: progress,
        onStart() {
          if (timeout !== undefined && timeout <= longestTimer) timer = setTimeout(timeOut, timeout)
        },
      })
      const leave = () => {
        clearTimeout(timer)
        for (const stop of deafen) stop?.()
      }
      ended.then(resolve, reject).finally(leave)
    })
  }
}
