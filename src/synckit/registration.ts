import type { AnyFn } from './types.js'

/** Takes the function that a worker file gives to `runAsWorker`. */
export type Register = (fn: AnyFn) => void

/**
 * Where `runAsWorker` finds the worker that runs it. On the global object, because the worker file may import another
 * copy of this package than the one that started the worker.
 */
export const registerKey: unique symbol = Symbol.for('async-pool-executor/synckit:register')

export const scope = globalThis as { [registerKey]?: Register }

/** What a worker is told at its start. */
export interface WorkerSetup {
  /** Path of the worker file. */
  file: string
  /** Whether it is an ES module. */
  isEsm: boolean
  globalShims: readonly import('./types.js').GlobalShim[]
  /** tsx, whose flag does not work in the workers of Node 20, is started by its API. */
  usesTsx: boolean
}
