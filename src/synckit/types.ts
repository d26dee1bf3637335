import type { MessagePort, Transferable } from 'node:worker_threads'
import type { TsRunner } from './constants.js'

/* The types that synckit 0.12 exports, assignable to and from its own. */

// biome-ignore lint/suspicious/noExplicitAny: parameters of a function type are only inferred from `any`
export type AnyFn<R = any, T extends any[] = any[]> = (...args: T) => R

/** The function as its caller sees it: what it resolves to is what it returns. */
export type Syncify<T extends AnyFn> = (...args: Parameters<T>) => Awaited<ReturnType<T>>

export type ValueOf<T> = T[keyof T]

/** A module that a worker loads before its file, for what it does or to provide a global. */
export interface GlobalShim {
  /** As the worker file would import it. One that cannot be found from there is left out. */
  moduleName: string
  /** The global to set; left out, the module is only loaded. */
  globalName?: string
  /** The export that becomes the global. Left out or empty: the default export; null: all of them, as one object. */
  named?: string | null
  /** false: set the global even if there is one already. @defaultValue true */
  conditional?: boolean
}

/** How a worker is started and called. Every option may be left out. */
export interface SynckitOptions {
  /** Flags of Node for the worker, which inherits none. @defaultValue SYNCKIT_EXEC_ARGV, split at commas */
  execArgv?: string[]
  /** true: {@link DEFAULT_GLOBAL_SHIMS_PRESET}. @defaultValue SYNCKIT_GLOBAL_SHIMS is 1 or true */
  globalShims?: GlobalShim[] | boolean
  /**
   * How long a call may take, in ms; then the function's signal is aborted, and the worker replaced if that does not
   * end it. The start of a worker has as much time again, and 2 s at least. @defaultValue SYNCKIT_TIMEOUT, or no limit
   */
  timeout?: number
  /** What is moved instead of copied with the first call. */
  transferList?: Transferable[]
  /** What a TypeScript worker file is run by. @defaultValue SYNCKIT_TS_RUNNER, or what the runtime has */
  tsRunner?: TsRunner
}

/** The messages of synckit's own channel. This package has another; see `src/channel/records.ts`. */
export interface MainToWorkerMessage<T extends unknown[]> {
  id: number
  args: T
}

/** See {@link MainToWorkerMessage}. */
export interface MainToWorkerCommandMessage {
  id: number
  cmd: string
}

/** See {@link MainToWorkerMessage}. */
export interface WorkerData {
  sharedBufferView: Int32Array
  workerPort: MessagePort
  pnpLoaderPath: string | undefined
}

/** See {@link MainToWorkerMessage}. */
export type DataMessage<T> = { error: unknown; properties?: object } | { result: T }

/** See {@link MainToWorkerMessage}. */
export interface StdioChunk {
  type: 'stderr' | 'stdout'
  chunk: Uint8Array | string
  encoding: BufferEncoding
}

/** See {@link MainToWorkerMessage}. */
export type WorkerToMainMessage<T> = DataMessage<T> & {
  id: number
  stdio: StdioChunk[]
}

/** See {@link MainToWorkerMessage}. */
export interface WorkerFailureMessage {
  workerFailure: true
  fatal: boolean
  error: unknown
  properties?: object
}

export interface PackageJson {
  type?: 'commonjs' | 'module'
}
