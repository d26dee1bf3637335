import type { MessagePort } from 'node:worker_threads'
import type { ErrorRecord } from './error-record.js'

/*
 * Everything that crosses the channel. Messages are tuples and not objects: structured clone writes the keys
 * of an object with every message, and a tuple of the same fields takes 60 % of the time.
 */

/** The kinds of message from caller to worker. */
export enum Request {
  Run,
  Define,
  Cancel,
  Close,
  Probe,
}

/** The kinds of message from worker to caller. */
export enum Response {
  Settled,
  Died,
}

export enum Outcome {
  Fulfilled,
  /** The value is an {@link ErrorRecord}. */
  Failed,
  /** The task threw something that is not an error; the value is that. */
  Threw,
}

export type RunRequest = [
  kind: Request.Run,
  id: number,
  fn: number,
  args: readonly unknown[],
  priority?: number,
]

/** Gives a function its number; sent once for each function and worker. */
export type DefineRequest = [kind: Request.Define, fn: number, module: string, base: string, name: string]

export type CancelRequest = [kind: Request.Cancel, id: number]

/** No task is left and none will come: the worker ends itself. */
export type CloseRequest = [kind: Request.Close]

/** Asks nothing; that it could be delivered shows that the worker lives. */
export type ProbeRequest = [kind: Request.Probe]

export type RequestMessage = RunRequest | DefineRequest | CancelRequest | CloseRequest | ProbeRequest

/** Outcomes of the tasks that settled in one turn of the worker, flat: id, outcome, value, id, outcome, … */
export type SettledResponse = [kind: Response.Settled, ...outcomes: unknown[]]

/** The worker's last words, when an error ends it. */
export type DiedResponse = [kind: Response.Died, error: ErrorRecord]

export type ResponseMessage = SettledResponse | DiedResponse

/** What a worker is given at its start, as `workerData`. */
export interface WorkerInit {
  words: Int32Array
  /** The doorbell of the calling thread. */
  bell: Int32Array
  port: MessagePort
  size: number
  stdio: 'direct' | 'inherit' | 'ignore'
}
