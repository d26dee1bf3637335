import { AsyncLocalStorage } from 'node:async_hooks'
import { DeadlockError } from '../channel/errors.js'
import type { ObservedPromise } from './promise.js'
import { type PoolTask, TaskState } from './task.js'

/** How many tasks of a pool end under watch before it is taken for one that does not nest. */
const longestWatch = 1000

/** How long all running tasks of a pool must wait for the pool before one of them is told, in ms. */
const patience = 100

/** What the pool tells of itself, and lets be done to it. */
export interface Host {
  readonly loop: { readonly running: number; readonly size: number }
  refuse(task: PoolTask, error: DeadlockError): void
}

interface Wait {
  readonly caller: PoolTask
  readonly target: PoolTask
}

/**
 * Finds pools that wait for themselves: every slot is held by a task that waits for a task of the same pool, so none
 * will ever be free.
 *
 * Which task a call comes from is known from an AsyncLocalStorage. That makes every promise of the thread slower
 * before Node 24, so a pool is watched only until a thousand of its tasks have ended. If none of them has called the
 * pool by then, none is expected to.
 */
export class Nesting {
  readonly #host: Host
  readonly #storage = new AsyncLocalStorage<PoolTask>()
  readonly #waits = new Set<Wait>()
  /** How many of the running tasks wait for the pool. */
  #stuck = 0
  #ended = 0
  #hasNested = false
  /** Counts whatever may have set a task free. */
  #changes = 0
  #isJudging = false

  constructor(host: Host) {
    this.#host = host
  }

  /** Enough tasks have ended, and none of them has called the pool. */
  get isOver(): boolean {
    return this.#ended >= longestWatch && !this.#hasNested
  }

  /** The running task of this pool that the calling code belongs to. */
  get caller(): PoolTask | undefined {
    const task = this.#storage.getStore()
    return task?.holdsSlot === true ? task : undefined
  }

  /** To be called at each call of the pool. */
  noteCall(): void {
    if (this.caller !== undefined) this.#hasNested = true
  }

  run<R>(task: PoolTask, start: () => R): R {
    return this.#storage.run(task, start)
  }

  /** The calling code waits until `promise` settles, which depends on `target`. */
  wait(target: PoolTask, promise: ObservedPromise<unknown>): void {
    const { caller } = this
    if (caller === undefined || target.isSettled) return
    const wait: Wait = { caller, target }
    this.#waits.add(wait)
    if (caller.waits++ === 0) this.#stuck++
    promise.whenSettled(() => this.#endWait(wait))
    this.judge()
  }

  #endWait(wait: Wait): void {
    const { caller } = wait
    this.#changes++
    this.#waits.delete(wait)
    caller.waits--
    if (caller.waits === 0 && caller.holdsSlot) this.#stuck--
    this.judge()
  }

  /** To be called when a task has given back its slot. */
  end(task: PoolTask): void {
    this.#changes++
    this.#ended++
    if (task.waits > 0) this.#stuck--
    this.judge()
  }

  /** To be called when no task is left: an enabled storage costs, and is known to Node for as long as it is enabled. */
  rest(): void {
    this.#storage.disable()
  }

  /**
   * All running tasks wait for the pool, and no slot is free: only what a task has started and does not await could
   * still end one of them. It gets a little time, and a turn of the event loop, to do so.
   */
  judge(): void {
    if (this.#isJudging || !this.#isStuck()) return
    this.#isJudging = true
    const before = this.#changes
    const conclude = () => {
      this.#isJudging = false
      if (this.#changes === before && this.#isStuck()) this.#tell()
      else this.judge()
    }
    setTimeout(() => setImmediate(conclude), patience)
  }

  #isStuck(): boolean {
    const { running, size } = this.#host.loop
    return this.#stuck > 0 && this.#stuck === running && running >= size
  }

  /**
   * The latest is told, which was one too many; its caller fails or goes on, and the others with it. Nobody is, if one
   * has a `submitTimeout`: that ends its wait, and perhaps all. A signal may never be aborted.
   */
  #tell(): void {
    const { running } = this.#host.loop
    if ([...this.#waits].some(({ target }) => target.endsByItself)) return
    const latest = [...this.#waits]
      .reverse()
      .find(({ target }) => target.state === TaskState.Waiting || target.state === TaskState.Queued)
    if (latest === undefined) return // they wait for each other, and not for a slot
    const { caller, target } = latest
    const tasks = running === 1 ? 'the only running task waits' : `all ${running} running tasks wait`
    const message =
      `${target.label} would never start: ${tasks} for tasks of the same pool, this one for ${caller.label}. ` +
      'Give the inner tasks a pool of their own, or hand them over without waiting'
    this.#host.refuse(target, new DeadlockError(message))
  }
}

/** A task that waits until its own pool has nothing to do waits for itself. */
export function refuseOwnTask(nesting: Nesting | undefined, poolName: string, what: string): void {
  const caller = nesting?.caller
  if (caller === undefined) return
  throw new DeadlockError(
    `${what} was called in ${caller.label}: until that ends, pool '${poolName}' is not done`,
  )
}
