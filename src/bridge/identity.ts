import { getEnvironmentData } from 'node:worker_threads'
import { DeadlockError } from '../channel/errors.js'
import { ancestorsKey } from '../channel/records.js'

/** How many executors of a name each file has constructed in this thread. */
const constructed = new Map<string, number>()

/**
 * Names an executor so that it is recognized in another thread: a module that constructs an executor and is loaded
 * by that executor's worker constructs it there once more. Lines and columns would tell more, but are others where
 * a test runner transforms modules in one of the threads.
 */
export function identify(file: string, name: string): string {
  const kind = `${file} '${name}'`
  const count = (constructed.get(kind) ?? 0) + 1
  constructed.set(kind, count)
  return `${kind} ${count}`
}

/** The executors inside which this thread runs tasks, outermost first. */
export function ancestors(): readonly string[] {
  return (getEnvironmentData(ancestorsKey) as string[] | undefined) ?? []
}

/** Whether this thread runs tasks of the executor, or of another one inside those. */
export function isOwn(identity: string): boolean {
  return ancestors().includes(identity)
}

/**
 * @throws {DeadlockError} if the executor is one whose task this thread runs: a task that waits for its own executor
 * waits, in the end, for itself
 */
export function refuseOwnExecutor(identity: string, name: string): void {
  if (!isOwn(identity)) return
  throw new DeadlockError(
    `executor '${name}' was used inside its own worker, where waiting for it would be waiting for oneself. ` +
      'Call the function directly there, use an executor of another name, or keep top-level code of a task module ' +
      "from submitting with `if (isMainThread)` of 'node:worker_threads'",
  )
}
