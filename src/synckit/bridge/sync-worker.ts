import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import type { Transferable } from 'node:worker_threads'
import { never } from '../../bridge/deadline.js'
import { callbackDeadlock } from '../../bridge/deadlock.js'
import { Dispatcher } from '../../bridge/dispatcher.js'
import type { FunctionName } from '../../bridge/function-names.js'
import { ancestors } from '../../bridge/identity.js'
import { type ResolvedOptions, resolveOptions } from '../../bridge/options.js'
import { print } from '../../bridge/report.js'
import { type Task, TaskState } from '../../bridge/task.js'
import { threadFile } from '../../bridge/thread-file.js'
import { now } from '../../channel/clock.js'
import { BrokenExecutorError, type TimeoutError } from '../../channel/errors.js'
import type { WorkerSetup } from '../registration.js'
import { type Below, explainDeath, isDeathError, timedOut, withCaller } from './failures.js'
import { guardedEnv, guardedFlags } from './guard.js'
import type { StartOptions } from './options.js'
import { pnpFlags } from './pnp.js'
import { supportFor } from './ts-runners.js'
import type { WorkerFile } from './worker-file.js'

/** How long a function whose signal has been aborted may take to end before its worker is, in ms. */
const grace = 100

/** How long a worker may take to start and to load its file, if calls have a shorter limit, in ms. */
const shortestStart = 2000

/** A file that takes longer than this to load, in ms, while calls with a limit wait for it, never will. */
const longestStart = 30_000

/** Calls may nest: one that is being sent runs the getters of its arguments, which may call again. */
const mostNested = 100

/** What a synchronous function asks for. */
export interface SyncCall {
  args: readonly unknown[]
  /** In ms; undefined: no limit. */
  timeout: number | undefined
  transferList: readonly Transferable[] | undefined
  below: Below
}

/**
 * The worker of one file: one thread at a time, each with a dispatcher of its own.
 *
 *     none ──► loading   the first call, or the first after a worker ended
 *     loading ──► ready  the file has been loaded and has called `runAsWorker`
 *             ──► none   it failed, or took too long
 *     ready ──► none     the worker died, or was ended because a function did not end in time
 */
type Life =
  | { state: 'none' }
  | { state: 'loading'; dispatcher: Dispatcher; load: Task; since: number }
  | { state: 'ready'; dispatcher: Dispatcher }

const none: Life = { state: 'none' }

/** Runs the calls of a worker file one by one, each in the worker that is there or in a new one. */
export class SyncWorker {
  readonly #file: string
  readonly #options: ResolvedOptions
  readonly #load: FunctionName
  readonly #call: FunctionName
  #life: Life = none

  /**
   * @throws {ExecutorError} if nothing runs the file's TypeScript
   * @throws {TypeError} ERR_INVALID_ARG_TYPE for flags under Node's permission model
   */
  constructor(file: WorkerFile, start: StartOptions) {
    this.#file = file.path
    const { execArgv: wanted, usesTsx } = supportFor(file, start.execArgv, start.tsRunner)
    const execArgv = [...pnpFlags(), ...guardedFlags(wanted)]
    const setup: WorkerSetup = {
      file: file.path,
      isEsm: file.isEsm,
      globalShims: start.globalShims,
      usesTsx,
    }
    const entry = threadFile('synckit-worker.js')
    const base = pathToFileURL(entry).href
    const label = basename(file.path)
    this.#options = resolveOptions(
      {
        name: label,
        size: 1,
        queueSize: mostNested,
        base,
        initializer: { module: entry, fn: 'prepare', args: [setup] },
        restart: false,
        drainOnExit: false,
        onError: 'ignore',
        // Flags of this process are not handed down, unless that would lift the permission model.
        ...((execArgv.length > 0 || !('permission' in process)) && { execArgv }),
      },
      base,
    )
    this.#load = { number: 0, label, address: { kind: 'module', module: base, base, name: 'load', label } }
    this.#call = { number: 1, label, address: { kind: 'module', module: base, base, name: 'call', label } }
  }

  /** Blocks until the worker's function has answered. */
  call(call: SyncCall): unknown {
    const before = this.#life
    try {
      return this.#run(call)
    } catch (error) {
      const life = this.#life
      if (life.state === 'none' || life.dispatcher.link !== undefined || !isDeathError(error)) throw error
      this.#life = none
      if (before.state !== 'ready' || !(error instanceof BrokenExecutorError))
        throw explainDeath(error, `${doing(life)} ${this.#file}`, call.below)
      // It had died before this call reached it.
      print(`the worker of ${this.#file} died between two calls and is replaced: ${inspect(error.cause)}`)
      return this.call(call)
    }
  }

  #run(call: SyncCall): unknown {
    const { args, timeout, transferList, below } = call
    const dispatcher = this.#ready(call)
    if (dispatcher.answers.isRunning) throw callbackDeadlock(dispatcher.name)
    const options = transferList && { transferList }
    const task = dispatcher.submit({ fn: this.#call, args, options, isExpected: true })
    if (!dispatcher.await(task, timeout === undefined ? never : now() + timeout)) {
      const error = timedOut(below)
      this.#stop(dispatcher, task, error)
      throw error
    }
    if (task.state !== TaskState.Fulfilled) throw withCaller(task.value, below)
    return task.value
  }

  /** Blocks until the worker has loaded its file. */
  #ready({ timeout, below }: SyncCall): Dispatcher {
    if (this.#life.state === 'ready') return this.#life.dispatcher
    const life = this.#life.state === 'loading' ? this.#life : this.#start()
    const { dispatcher, load } = life
    const limit = timeout === undefined ? never : now() + Math.max(timeout, shortestStart)
    if (!dispatcher.await(load, limit)) {
      if (now() - life.since > longestStart) this.#end(dispatcher)
      throw timedOut(below)
    }
    if (load.state === TaskState.Fulfilled) {
      this.#life = { state: 'ready', dispatcher }
      return dispatcher
    }
    // What of the file is loaded is of no use, and may be doing anything.
    if (dispatcher.link !== undefined) this.#end(dispatcher)
    throw withCaller(load.value, below)
  }

  #start(): Life & { state: 'loading' } {
    // A file may start itself once more in its worker, to any depth: that is another thread, and no deadlock.
    const identity = `${this.#file} as a worker at depth ${ancestors().length}`
    const { dispatcher, load } = this.#startWith(identity, guardedEnv())
    this.#life = { state: 'loading', dispatcher, load, since: now() }
    return this.#life
  }

  /**
   * A copy of the environment is what it takes for a test runner's `process.env` to reach the worker. But then Node also
   * reads NODE_OPTIONS again, in which it accepts less for workers than for processes.
   */
  #startWith(identity: string, env: NodeJS.ProcessEnv | undefined): { dispatcher: Dispatcher; load: Task } {
    const worker = { ...this.#options.worker, ...(env !== undefined && { env }) }
    const dispatcher = new Dispatcher({ ...this.#options, worker }, identity)
    try {
      const load = dispatcher.submit({ fn: this.#load, args: [], isExpected: true })
      return { dispatcher, load }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (env === undefined || code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error
      return this.#startWith(identity, undefined)
    }
  }

  /** Aborts the signal of a function that took too long, and ends the worker if that does not end it. */
  #stop(dispatcher: Dispatcher, task: Task, reason: TimeoutError): void {
    dispatcher.cancel(task, reason)
    if (!dispatcher.join(now() + grace)) this.#end(dispatcher)
  }

  #end(dispatcher: Dispatcher): void {
    this.#life = none
    dispatcher.abandon()
  }
}

function doing({ state }: Life): string {
  return state === 'ready' ? 'running' : 'loading'
}
