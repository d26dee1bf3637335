import { join } from 'node:path'
import { addressOf } from '../bridge/function-names.js'
import { longestTimer } from '../channel/clock.js'
import {
  AsyncPoolExecutor,
  BrokenExecutorError,
  ExecutorClosedError,
  type ExecutorStats,
  type Future,
  TaskNotFoundError,
  type TaskOptions,
} from '../index.js'
import { hasFunction } from './has-function.js'
import { cannotLoad } from './load-error.js'
import { baseUrl } from './module.js'
import type { Outcome } from './outcome.js'
import { canDraw } from './progress/progress.js'
import { Rate } from './rate.js'
import type { Settings } from './settings.js'
import type { Stop } from './stop.js'
import { UsageError } from './usage-error.js'
import type { Preparation } from './worker/main.js'

/** Watches single calls, for the report. Calls are known by a key. */
export interface CallObserver {
  /** @param since - when it began to wait for a slot, on the clock of `performance.now()` */
  submitted(key: string, since: number): void
  settled(key: string): void
  /** @param count - how many calls wait for a slot from now on */
  waiting(count: number): void
}

/** Executors are told apart by their names. */
export function keyOf(executor: string, id: number): string {
  return `${executor} ${id}`
}

/** A worker that dies is replaced, however often: that costs the calls that ran, and the run goes on. */
const restart = { max: 1_000_000_000, within: 60_000 }

/** How often to look whether calls that have outlived their timeout hold all slots, in ms, if that is more often. */
const shortestPatience = 1000

/** How much longer than a call's timeout the worker's event loop may stand still, in ms: its module may be loading. */
const hangTolerance = 5000

/** How long the exit hooks of the worker's modules may take, in ms. */
const closingTime = 5000

/** The executor that makes the calls, and its replacement when calls that ignore their timeout have taken it over. */
export class Calls {
  readonly #settings: Settings
  readonly #stop: Stop
  readonly #observer: CallObserver | undefined
  readonly #rate: Rate
  readonly #options: TaskOptions
  #executor: AsyncPoolExecutor
  #executors = 0
  /** Calls that have not settled, of the present executor, by id. */
  readonly #live = new Map<number, Future<unknown>>()
  /** Calls that have been asked for, and not handed over. */
  #inLine = 0
  /** The first of these has found no slot free: it waits for one, and the others behind it. */
  #isFull = false
  /** Settles when the last call that was asked for is handed over: they start in the order of asking. */
  #turn: Promise<unknown> = Promise.resolve()
  /** Ends the wait of the call whose turn it is. */
  #waiting: AbortController | undefined
  #isAbandoned = false
  /** Shared with the workers. */
  readonly #loadable = new Int32Array(new SharedArrayBuffer(4))
  readonly #watch: NodeJS.Timeout | undefined
  #wasStuck = false

  constructor(settings: Settings, stop: Stop, observer?: CallObserver) {
    const { timeout, offload, rate = 0 } = settings
    this.#settings = settings
    this.#stop = stop
    this.#observer = observer
    this.#rate = new Rate(rate)
    this.#options = { ...(timeout !== undefined && { timeout }), ...(offload && { offload }) }
    this.#executor = this.#createExecutor()
    stop.signal.addEventListener('abort', () => this.#waiting?.abort())
    if (timeout !== undefined)
      this.#watch = setInterval(() => this.#replaceIfStuck(), patienceFor(timeout)).unref()
  }

  /** What is queued waits here; of that, what is more than the queue takes has only been read. */
  stats(): ExecutorStats {
    return { ...this.#executor.stats(), queued: Math.min(this.#inLine, this.#settings.queueSize) }
  }

  /**
   * Loads the module by asking it for an export that it does not have: what fails now would fail for every row.
   *
   * @throws {UsageError} if it cannot be loaded, or has no such function
   */
  async checkModule(): Promise<void> {
    const { module, fn } = this.#settings
    const { signal } = this.#stop
    const missing = '(an export that is not there)'
    try {
      await this.#executor.runAsync(module, missing, [], { signal })
    } catch (error) {
      if (signal.aborted) return
      const { module: url } = addressOf(module, fn, baseUrl())
      if (!(error instanceof TaskNotFoundError)) throw new UsageError(cannotLoad(module, url, error))
      if (!(await hasFunction(this.#executor.remote(module), fn)))
        throw new UsageError(error.message.replace(missing, fn))
    }
    Atomics.store(this.#loadable, 0, 1)
  }

  /**
   * One call of the function; undefined if the run was stopped before it started.
   *
   * @throws {BrokenExecutorError} if no worker lives
   */
  async call(args: readonly unknown[]): Promise<Outcome | undefined> {
    const asked = performance.now()
    this.#count(1)
    const starting = this.#turn.then(() => this.#start(args, asked)).finally(() => this.#count(-1))
    this.#turn = starting.catch(() => {}) // it is this call's error, and not that of the next in line
    let future: Future<unknown> | undefined
    try {
      future = await starting
    } catch (error) {
      if (error instanceof BrokenExecutorError || error instanceof ExecutorClosedError) throw error
      return { ok: false, error, isLasting: true } // it is about the arguments, and will not do the next time either
    }
    if (future === undefined) return undefined
    const outcome = await this.#outcomeOf(future)
    return this.#isAbandoned ? new Promise(() => {}) : outcome
  }

  /** How many calls have outlived their timeout, and keep their slots. */
  overdue(): number {
    return this.#executor.stats().tasks.filter(({ id }) => !this.#live.has(id)).length
  }

  /** Waits for the worker to end after its modules' exit hooks. To be called when no call is left. */
  async close(): Promise<void> {
    clearInterval(this.#watch)
    await this.#executor.shutdownAsync({ timeout: closingTime })
  }

  /** When the process is about to end: aborts what runs. Its rows come to no outcome that anybody could write down. */
  abandon(): void {
    this.#isAbandoned = true
    for (const future of this.#live.values()) future.cancel()
  }

  #createExecutor(): AsyncPoolExecutor {
    const { size, timeout, offload } = this.#settings
    this.#executors++
    return new AsyncPoolExecutor({
      size,
      // Calls wait here for a slot: from the worker they could not be taken back without the risk that they just start.
      queueSize: 0,
      restart,
      name: this.#executors === 1 ? 'async-pool' : `async-pool ${this.#executors}`,
      base: baseUrl(),
      // The run waits for all calls itself, and when it does not want to, nothing else should.
      drainOnExit: false,
      onError: 'ignore',
      // Not 'direct', which is to stdout: the worker's streams are changed to go elsewhere.
      stdio: 'inherit',
      initializer: { module: join(__dirname, 'cli-worker.js'), fn: 'prepare', args: [this.#preparation()] },
      ...(timeout !== undefined && !offload && { hangTimeout: timeout + hangTolerance }),
    })
  }

  #preparation(): Preparation {
    const { module, fn, quiet } = this.#settings
    const url = addressOf(module, fn, baseUrl()).module
    return {
      hasBar: canDraw() && !quiet,
      module: url.startsWith('file:') ? url : undefined,
      loadable: this.#loadable,
    }
  }

  #count(change: number): void {
    this.#inLine += change
    this.#tellWaiting()
  }

  #tellWaiting(): void {
    this.#observer?.waiting(this.#isFull ? Math.min(this.#inLine, this.#settings.queueSize) : 0)
  }

  /** Waits for its time, then for space. Undefined if the run is stopped meanwhile. */
  async #start(args: readonly unknown[], asked: number): Promise<Future<unknown> | undefined> {
    await this.#rate.turn(this.#stop.signal)
    const since = this.#settings.rate === undefined ? asked : performance.now()
    while (!this.#stop.isRequested) {
      const executor = this.#executor
      const future = await this.#accepted(executor, args)
      if (future === undefined) continue // the executor was replaced, or the run stopped
      this.#live.set(future.id, future)
      this.#observer?.submitted(keyOf(executor.name, future.id), since)
      return future
    }
    return undefined
  }

  /** Undefined if the wait for space was ended from here. */
  async #accepted(
    executor: AsyncPoolExecutor,
    args: readonly unknown[],
  ): Promise<Future<unknown> | undefined> {
    const { module, fn } = this.#settings
    const future = withoutSite(() => executor.trySubmit(module, fn, [...args], this.#options))
    this.#isFull = future === undefined
    if (future !== undefined) return future
    this.#tellWaiting()
    this.#waiting = new AbortController()
    const options = { ...this.#options, signal: this.#waiting.signal }
    try {
      return await withoutSite(() => executor.submitAsync(module, fn, [...args], options))
    } catch (error) {
      if (this.#waiting.signal.aborted) return undefined
      throw error
    } finally {
      this.#waiting = undefined
    }
  }

  async #outcomeOf(future: Future<unknown>): Promise<Outcome> {
    const { name } = this.#executor
    try {
      return { ok: true, value: await future.promise() }
    } catch (error) {
      return { ok: false, error }
    } finally {
      if (this.#live.get(future.id) === future) this.#live.delete(future.id)
      this.#observer?.settled(keyOf(name, future.id))
    }
  }

  /**
   * A call that ignores the end of its time keeps its slot. When such calls have had all slots for two looks, nothing
   * will ever start again; another executor takes over, and the worker of this one ends.
   */
  #replaceIfStuck(): void {
    const { running, tasks } = this.#executor.stats()
    const isStuck = running >= this.#settings.size && !tasks.some(({ id }) => this.#live.has(id))
    if (isStuck && this.#wasStuck) {
      const stuck = this.#executor
      this.#executor = this.#createExecutor()
      this.#waiting?.abort()
      this.#live.clear()
      stuck.shutdown({ wait: false })
    }
    this.#wasStuck = isStuck && !this.#wasStuck
  }
}

function patienceFor(timeout: number): number {
  return Math.min(Math.max(timeout, shortestPatience), longestTimer)
}

/** Errors of calls would else end in the stack of this file, which tells the reader of a result nothing. */
function withoutSite<T>(submit: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return submit()
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}
