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
  Started,
  Progress,
  Died,
  Space,
}

export enum Outcome {
  Fulfilled,
  /** The value is an {@link ErrorRecord}. */
  Failed,
  /** The task threw something that is not an error; the value is that. */
  Threw,
}

/** What a task has beyond a function and arguments; most have nothing. */
export interface RunExtras {
  priority?: number
  timeout?: number
  /** 2 and up: the worker died while it ran before. */
  attempt?: number
  /** Say when it starts: somebody listens on the diagnostics channel. */
  announce?: true
}

export type RunRequest = [
  kind: Request.Run,
  id: number,
  fn: number,
  args: readonly unknown[],
  extras?: RunExtras,
]

/** Gives a function its number; sent once for each function and worker. */
export type DefineRequest = [kind: Request.Define, fn: number, address: FunctionAddress]

/** The caller has settled the task already: never start it, or abort its signal. */
export type CancelRequest = [kind: Request.Cancel, id: number, record: ErrorRecord]

/** No task is left and none will come: the worker ends itself. */
export type CloseRequest = [kind: Request.Close]

/** Counted by the worker: shows that its loop comes round. That it could be delivered shows that it lives. */
export type ProbeRequest = [kind: Request.Probe]

export type RequestMessage = RunRequest | DefineRequest | CancelRequest | CloseRequest | ProbeRequest

/** Outcomes of the tasks that settled in one turn of the worker, flat: id, outcome, value, id, outcome, … */
export type SettledResponse = [kind: Response.Settled, ...outcomes: unknown[]]

/** Only for tasks that were sent with `announce`. */
export type StartedResponse = [kind: Response.Started, id: number]

export type ProgressResponse = [kind: Response.Progress, id: number, value: unknown]

/** The worker's last words, when an error ends it. */
export type DiedResponse = [kind: Response.Died, error: ErrorRecord]

/** A task has left the queue, or its slot; only to a caller that asked for it. */
export type SpaceResponse = [kind: Response.Space]

export type ResponseMessage =
  | SettledResponse
  | StartedResponse
  | ProgressResponse
  | DiedResponse
  | SpaceResponse

/** A function to call, before it has a number. */
export interface FunctionAddress {
  /** A `file:` or `node:` URL, or a package name, which is looked up from `base`. */
  module: string
  base: string
  name: string
  /** What messages call it, where its address would tell a user nothing. */
  label?: string
}

/** What messages call a function: `tasks.js#fetchPage`. */
export function labelOf({ module, name, label }: FunctionAddress): string {
  return label ?? `${module.slice(module.lastIndexOf('/') + 1)}#${name}`
}

/** The key under which a thread finds `ancestors` in its environment data. */
export const ancestorsKey = 'async-pool-executor:ancestors'

/** What a worker is given at its start, as `workerData`. */
export interface WorkerInit {
  words: Int32Array
  /** The doorbell of the calling thread. */
  bell: Int32Array
  port: MessagePort
  /** The zero of times in shared words, on the system's clock in ms. */
  epoch: number
  size: number
  stdio: 'direct' | 'inherit' | 'ignore'
  /** Identities of the executors inside which this thread runs tasks, outermost first. */
  ancestors: readonly string[]
  /** Real paths of the only folders that modules may come from. */
  roots: string[] | undefined
  initializer: (FunctionAddress & { args: readonly unknown[] }) | undefined
}
