/* What runs in the worker of a synchronous function: a task module, whose functions `bridge/sync-worker.ts` calls. */
import { ExecutorError } from '../../channel/errors.js'
import { unlessStalled } from '../../worker/stall.js'
import { registerKey, scope, type WorkerSetup } from '../registration.js'
import type { AnyFn } from '../types.js'
import { failOnUncaught } from './failable.js'
import { loadFile } from './load-file.js'
import { acceptSynckits } from './synckits.js'

let setup: WorkerSetup
let target: AnyFn | undefined
let loading: Promise<AnyFn> | undefined
let onRegistered: () => void
const registered = new Promise<void>(resolve => {
  onRegistered = resolve
})

/** The initializer: runs before any task, in each worker. */
export function prepare(given: WorkerSetup): void {
  setup = given
  scope[registerKey] = register
  acceptSynckits(register)
}

/** The first function counts, as the first answer does in synckit. */
function register(fn: AnyFn): void {
  target ??= fn
  onRegistered()
}

/** Ends when the worker file has been loaded and has called `runAsWorker`. */
export async function load(): Promise<void> {
  loading ??= loadTarget(setup)
  await loading
}

/** Calls the function of the worker file. */
export function call(...args: unknown[]): unknown {
  if (loading !== undefined && target !== undefined) return invoke(target, args)
  return load().then(() => invoke(target as AnyFn, args))
}

function invoke(fn: AnyFn, args: unknown[]): unknown {
  // Without such listeners an uncaught error ends the worker, and the call with it.
  return process.listenerCount('uncaughtException') === 0 ? fn(...args) : failOnUncaught(() => fn(...args))
}

async function loadTarget(setup: WorkerSetup): Promise<AnyFn> {
  await unlessStalled(loadFile(setup), `a top-level await of ${setup.file}`)
  if (target === undefined)
    await unlessStalled(registered, `the call of runAsWorker() in ${setup.file}`).catch(cause => {
      throw new ExecutorError(`${setup.file} does not call runAsWorker()`, { cause })
    })
  return target as unknown as AnyFn
}
