import { getEnvironmentData } from 'node:worker_threads'
import { DeadlockError } from '../channel/errors.js'
import { ancestorsKey } from '../channel/records.js'

/** How many executors each line of code has constructed in this thread. */
const constructed = new Map<string, number>()

/**
 * Names an executor so that it is recognized in another thread: a module that constructs an executor and is loaded
 * by that executor's worker constructs it there once more, at the same place.
 *
 * @param site - file, line and column
 */
export function identify(site: string, name: string): string {
  const count = (constructed.get(site) ?? 0) + 1
  constructed.set(site, count)
  return `${site} '${name}' ${count}`
}

/** The executors inside which this thread runs tasks, outermost first. */
export function ancestors(): readonly string[] {
  return (getEnvironmentData(ancestorsKey) as string[] | undefined) ?? []
}

/**
 * @throws {DeadlockError} if the executor is one whose task this thread runs: a task that waits for its own executor
 * waits, in the end, for itself
 */
export function refuseOwnExecutor(identity: string, name: string): void {
  if (!ancestors().includes(identity)) return
  throw new DeadlockError(
    `executor '${name}' was used inside its own worker, where waiting for it would be waiting for oneself. ` +
      'Call the function directly there, use another executor, or keep top-level code of a task module from ' +
      "submitting with `if (isMainThread)` of 'node:worker_threads'",
  )
}
