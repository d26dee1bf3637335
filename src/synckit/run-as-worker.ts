import { workerData } from 'node:worker_threads'
import { ExecutorError } from '../channel/errors.js'
import { invalidType } from '../channel/validate.js'
import { registerKey, scope } from './registration.js'
import type { AnyFn } from './types.js'

/**
 * Called by a worker file, in which it names the function that {@link createSyncFn} calls. Anywhere else, as when the
 * caller imports the same file, it does nothing. Does not block.
 *
 * @typeParam _R - not used; synckit has a second parameter
 * @throws {TypeError} ERR_INVALID_ARG_TYPE if that is no function
 * @throws {ExecutorError} in a worker that synckit itself has started
 * @example
 * import { runAsWorker } from 'async-pool-executor/synckit'
 * import prettier from 'prettier'
 *
 * runAsWorker((source, options) => prettier.format(source, options))
 */
export function runAsWorker<T extends AnyFn, _R = ReturnType<T>>(fn: T): void {
  if (typeof fn !== 'function') throw invalidType('fn', 'a function', fn)
  const register = scope[registerKey]
  if (register !== undefined) register(fn)
  else if (isSynckits(workerData))
    throw new ExecutorError(
      'runAsWorker() of async-pool-executor/synckit was called in a worker that synckit has started: ' +
        'import createSyncFn from async-pool-executor/synckit too',
    )
}

function isSynckits(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'workerPort' in data && 'sharedBufferView' in data
}
