import type { EventEmitter } from 'node:events'
import type { Transferable, Worker } from 'node:worker_threads'

/** A thread as Piscina shows it to a load balancer. */
export interface PiscinaThread {
  /** Its `threadId`. */
  readonly id: number
  /** Tasks it has been given. */
  readonly currentUsage: number
}

/** What is used of Piscina. Its own types do not pass `exactOptionalPropertyTypes`. */
export interface Piscina extends EventEmitter {
  readonly threads: Worker[]
  run(task: object, options: { transferList: readonly Transferable[]; signal: AbortSignal }): Promise<unknown>
}

interface PiscinaModule {
  readonly Piscina: new (options: object) => Piscina
  /** Under this key a task may carry what a load balancer gets to see; it is not sent to the thread. */
  readonly queueOptionsSymbol: symbol
}

/** Takes some 15 ms: not before it is needed. */
export function loadPiscina(): PiscinaModule {
  return require('piscina') as PiscinaModule
}
