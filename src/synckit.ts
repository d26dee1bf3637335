/* In place of synckit: `async-pool-executor/synckit`. Every name that synckit 0.12 exports, and no other. */
import type * as Bridge from './synckit/bridge/create-sync-fn.js'
import type { AnyFn, Syncify, SynckitOptions } from './synckit/types.js'

export * from './synckit/constants.js'
export { isFile } from './synckit/files.js'
export {
  compareNodeVersion,
  compareVersion,
  EXPERIMENTAL_LOADER_FLAG,
  hasImportFlag,
  hasLoaderFlag,
  hasRequireFlag,
  IMPORT_FLAG,
  LOADER_FLAG,
  LOADER_FLAGS,
  NODE_OPTIONS,
  NODE_VERSION,
  parseVersion,
  REQUIRE_ABBR_FLAG,
  REQUIRE_FLAG,
  REQUIRE_FLAGS,
} from './synckit/flags.js'
export {
  dataUrl,
  encodeImportModule,
  generateGlobals,
  hasFlag,
  md5Hash,
  overrideStdio,
  setupTsRunner,
} from './synckit/forwarded.js'
export { extractProperties } from './synckit/properties.js'
export { runAsWorker } from './synckit/run-as-worker.js'
export type * from './synckit/types.js'
export * from './synckit/untyped.js'

/** Loaded when it is first needed: worker files import this module too, and never need it. */
const bridge = (): typeof Bridge => require('./synckit-bridge.js')

/**
 * Makes a synchronous function of the one that a worker file gives to {@link runAsWorker}. The worker starts with the
 * first call, and one that dies is replaced; it never keeps the process alive.
 *
 * The same path gives the same function. Other options than before give one of its own, in the same worker if they
 * differ only in `timeout` or `transferList`.
 *
 * @param workerPath - absolute path or `file:` URL. For `worker` and `worker.js` outside of `node_modules` it is
 * `worker.ts` if there is such a file; likewise `.mjs` and `.mts`, `.cjs` and `.cts`
 * @param timeoutOrOptions - a number is `timeout`, in ms
 * @returns a function that blocks until the worker's has answered. It throws what that throws; the error that ended the
 * worker, or {@link WorkerDiedError}; {@link TimeoutError}; {@link NotCloneableError}
 * @throws {TypeError} ERR_INVALID_ARG_VALUE if the path is not absolute, ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 * @throws {ExecutorError} if nothing runs the file's TypeScript
 * @example
 * const format = createSyncFn(require.resolve('./worker'), { timeout: 5_000 })
 * console.log(format('let x=1', { parser: 'babel' }))
 */
export function createSyncFn<T extends AnyFn>(
  workerPath: URL | string,
  timeoutOrOptions?: SynckitOptions | number,
): Syncify<T> {
  return bridge().createSyncFn<T>(workerPath, timeoutOrOptions)
}

/** {@link createSyncFn} without its memory: each call makes a function with a worker of its own. */
export function startWorkerThread<T extends AnyFn, R = Awaited<ReturnType<T>>>(
  workerPath: string,
  options: SynckitOptions = {},
): (...args: Parameters<T>) => R {
  return bridge().startWorkerThread<T, R>(workerPath, options)
}
