import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { SHARE_ENV } from 'node:worker_threads'
import { longestTimer } from '../channel/clock.js'
import type { CpuThreadInit } from '../channel/cpu-records.js'
import type { WorkerInit } from '../channel/records.js'
import { Word } from '../channel/words.js'
import { TaskQueue } from '../pool/queue.js'
import { CpuCall, type CpuRequest } from './cpu-call.js'
import { loadPiscina, type Piscina, type PiscinaThread } from './piscina.js'

/** Beside this file in the built package, whatever folders the sources are in. */
const filename = join(__dirname, 'cpu.js')

/**
 * The CPU threads of a worker: a Piscina pool that starts with the first call. Piscina is given no more calls than
 * it has threads; the others wait here, by priority. It dies with its worker, as does every thread that a thread has
 * started. It is never closed: when a worker closes, its tasks are done, and Piscina's `close()` would lose others.
 */
export class CpuPool {
  readonly #init: WorkerInit
  readonly #queue = new TaskQueue<CpuCall>()
  /** Calls that Piscina has: a thread runs them, or is being started. At most one for each thread. */
  readonly #active = new Set<CpuCall>()
  #most = 0
  #piscina: Piscina | undefined
  /** Under this key Piscina shows a call to `#assign`. */
  #callKey: symbol | undefined
  /** What ended a thread that had no call. */
  #idleError: Error | undefined

  constructor(init: WorkerInit) {
    this.#init = init
  }

  /**
   * Calls a function in a CPU thread. Settles when the thread is free again, or gone: an aborted call keeps its place
   * until its thread has really ended.
   *
   * @throws {NotCloneableError} if an argument cannot be copied
   * @throws {WorkerDiedError} if the thread dies. An idempotent call is run again on another one first
   */
  async run(request: CpuRequest): Promise<unknown> {
    const first = request.task.attempt
    const last = first + (mayRunAgain(request) ? this.#init.cpu.reruns : 0)
    for (let attempt = first; ; attempt++) {
      const call = new CpuCall(request, attempt)
      try {
        return await this.#perform(call)
      } catch (error) {
        if (!call.hasDied || attempt === last) throw error
      }
    }
  }

  async #perform(call: CpuCall): Promise<unknown> {
    try {
      this.#piscina ??= this.#start()
      await this.#turn(call)
      return await this.#runInThread(this.#piscina, call)
    } finally {
      call.close()
      this.#active.delete(call)
      this.#startNext()
    }
  }

  /** Resolves when there is a thread for it: at once, or when `#startNext` gives it the place of one that has ended. */
  async #turn(call: CpuCall): Promise<void> {
    const { signal } = call.request
    signal.throwIfAborted()
    if (this.#active.size < this.#most) {
      this.#active.add(call)
      return
    }
    this.#queue.push(call)
    await new Promise<void>((resolve, reject) => {
      const leave = () => {
        this.#queue.remove(call)
        reject(signal.reason)
      }
      call.begin = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  #startNext(): void {
    while (this.#active.size < this.#most) {
      const call = this.#queue.shift()
      if (call === undefined) return
      this.#active.add(call)
      call.begin()
    }
  }

  async #runInThread(piscina: Piscina, call: CpuCall): Promise<unknown> {
    const { request, farPort, stopSignal } = call
    request.signal.throwIfAborted() // between its turn and here, when nobody listened
    const stop = () => call.stop()
    request.signal.addEventListener('abort', stop, { once: true })
    const task = { port: farPort, [this.#callKey as symbol]: call }
    const ran = piscina.run(task, { transferList: [farPort], signal: stopSignal })
    this.#countThreads()
    try {
      await ran
    } catch {
      // The call knows better than Piscina what became of it.
      await call.threadEnds()
    }
    request.signal.removeEventListener('abort', stop)
    return call.outcome()
  }

  #start(): Piscina {
    const { base, cpu, roots, stdio } = this.#init
    const { Piscina, queueOptionsSymbol } = loadPiscina()
    const threadInit: CpuThreadInit = { base, roots, stdio }
    this.#callKey = queueOptionsSymbol
    this.#most = cpu.threads ?? availableParallelism()
    const piscina = new Piscina({
      filename,
      name: 'run',
      minThreads: 0,
      maxThreads: this.#most,
      idleTimeout: cpu.idleTimeout > longestTimer ? Number.POSITIVE_INFINITY : cpu.idleTimeout,
      // Otherwise the event loop of a thread stands still between calls: timers stop, and ports are never released.
      atomics: 'disabled',
      recordTiming: false,
      loadBalancer: (task: object, threads: PiscinaThread[]) => this.#assign(piscina, task, threads),
      workerData: { asyncPoolExecutor: threadInit },
      argv: cpu.argv,
      resourceLimits: cpu.resourceLimits,
      // No `execArgv`, which would lift Node's permission model: it is inherited, as is `env`.
      env: cpu.sharesEnv ? SHARE_ENV : undefined,
    })
    piscina.on('workerCreate', () => this.#countThreads())
    // Both come in the midst of Piscina's bookkeeping, this one first.
    piscina.on('workerDestroy', () => queueMicrotask(() => this.#onThreadGone(piscina)))
    piscina.on('error', error => {
      this.#idleError = error
      queueMicrotask(() => this.#reportIdleDeath())
    })
    return piscina
  }

  /** Piscina asks which thread is to run a task. */
  #assign(piscina: Piscina, task: object, threads: PiscinaThread[]): PiscinaThread | null {
    const free = threads.find(({ currentUsage }) => currentUsage === 0)
    const thread = piscina.threads.find(({ threadId }) => threadId === free?.id)
    if (free === undefined || thread === undefined) return null
    const call = Reflect.get(task, this.#callKey as symbol) as CpuCall
    call.runsOn(thread)
    return free
  }

  /**
   * When a thread fails to start, Piscina neither starts another nor rejects the call for which it did: then there are
   * more calls without a thread than threads without a call, and the oldest of them fail.
   */
  #onThreadGone({ threads }: Piscina): void {
    this.#countThreads()
    const calls = [...this.#active]
    const waiting = calls.filter(call => !call.hasThread && !call.stopSignal.aborted)
    const free = threads.filter(thread => !calls.some(call => call.isOn(thread)))
    for (const call of waiting.slice(0, Math.max(0, waiting.length - free.length))) {
      call.fail(this.#idleError)
      this.#idleError = undefined
    }
  }

  /** Nobody else would hear of it. */
  #reportIdleDeath(): void {
    if (this.#idleError === undefined) return
    const text = inspect(this.#idleError)
    this.#idleError = undefined
    process.stderr.write(`async-pool-executor: a CPU thread without a task died: ${text}\n`)
  }

  #countThreads(): void {
    Atomics.store(this.#init.words, Word.CpuThreads, this.#piscina?.threads.length ?? 0)
  }
}

/** What was transferred to a thread that died cannot be sent again. */
function mayRunAgain({ idempotent, transferList }: CpuRequest): boolean {
  return idempotent && (transferList === undefined || transferList.length === 0)
}
