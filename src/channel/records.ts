import type { MessagePort, ResourceLimits, Transferable } from 'node:worker_threads'
import type { CarriedValue } from './carriers.js'
import type { ErrorRecord } from './error-record.js'
import type { Use } from './remote-records.js'
import type { Commons } from './sharing.js'

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
  Credit,
  EndStream,
  Answer,
  Drop,
  Unread,
  Share,
  Wish,
  Forfeit,
  Leave,
}

/** The kinds of message from worker to caller. */
export enum Response {
  Settled,
  Started,
  Progress,
  Died,
  Space,
  Items,
  Called,
  Used,
  Dropped,
  Connected,
  Unread,
  Instead,
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
  /** Stream what the function generates; so many items may be sent before more are granted. */
  credit?: number
  /** What stands in the arguments for things that structured clone cannot carry. */
  carried?: readonly CarriedValue[]
  /** It was accepted by a worker that died, so it needs no place in the queue. */
  resent?: true
  /** Run it in a CPU thread. The two below go with it. */
  offload?: true
  /** It may be run again if its CPU thread dies. */
  idempotent?: true
  /** What in the arguments is moved on to the CPU thread instead of copied. */
  transferList?: readonly Transferable[]
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

/** The caller has read so many more items of a stream. */
export type CreditRequest = [kind: Request.Credit, id: number, items: number]

/** The caller will not read on: end the generator. */
export type EndStreamRequest = [kind: Request.EndStream, id: number]

/**
 * What a function of the caller's returned or threw, to the task that called it. Task 0: to whoever uses an object of
 * the caller's through a proxy.
 */
export type AnswerRequest = [kind: Request.Answer, id: number, call: number, outcome: Outcome, value: unknown]

/** The caller has no proxy any more of an object of the worker's. */
export type DropRequest = [kind: Request.Drop, object: number]

/** The caller could not read the message of this number, and why. It waits for what is to stand in its place. */
export type UnreadRequest = [kind: Request.Unread, number: number, reason: string]

/** From the owner: other threads will come. */
export type ShareRequest = [kind: Request.Share, id: string, free: Int32Array]

/** A caller of a shared executor waits for a place in the queue. */
export type WishRequest = [kind: Request.Wish]

/** It does not wait any longer, or has a place and will not use it (1). */
export type ForfeitRequest = [kind: Request.Forfeit, places: number]

/** A caller of a shared executor, not its owner, goes. */
export type LeaveRequest = [kind: Request.Leave]

export type SharingRequest = ShareRequest | WishRequest | ForfeitRequest | LeaveRequest

export type RequestMessage =
  | SharingRequest
  | RunRequest
  | DefineRequest
  | CancelRequest
  | CloseRequest
  | ProbeRequest
  | CreditRequest
  | EndStreamRequest
  | AnswerRequest
  | DropRequest
  | UnreadRequest

/** Outcomes of the tasks that settled in one turn of the worker, flat: id, outcome, value, id, outcome, … */
export type SettledResponse = [kind: Response.Settled, ...outcomes: unknown[]]

/** Only for tasks that were sent with `announce`. */
export type StartedResponse = [kind: Response.Started, id: number]

/** With what to say instead of a value that could not be read. */
export type ProgressResponse = [kind: Response.Progress, id: number, value: unknown, lost?: string]

/** The worker's last words, when an error ends it. */
export type DiedResponse = [kind: Response.Died, error: ErrorRecord]

/** A task has left the queue, or its slot; only to a caller that asked for it. */
export type SpaceResponse = [kind: Response.Space]

/** Items of a stream, in order. None: no more are made, and the generator's `finally` blocks run. */
export type ItemsResponse = [kind: Response.Items, id: number, ...items: unknown[]]

/** A task calls a function of the caller's: the task's id, a number for this call, the function's index. */
export type CalledResponse = [
  kind: Response.Called,
  id: number,
  call: number,
  callback: number,
  args: readonly unknown[],
]

/** The worker uses an object of the caller's; the answer goes to the number of this call. */
export type UsedResponse = [kind: Response.Used, call: number, use: Use, args: readonly unknown[]]

/** The worker has no proxy any more of an object of the caller's. */
export type DroppedResponse = [kind: Response.Dropped, object: number]

/** The answer to an introduction, and to the owner's `Share`. */
export type ConnectedResponse = [kind: Response.Connected, commons: Commons]

/** The worker could not read the message of this number, and why. */
export type UnreadResponse = [kind: Response.Unread, number: number, reason: string]

/** What stands in the place of the first message that the caller could not read; nothing if that is dealt with. */
export type InsteadResponse = [
  kind: Response.Instead,
  message: SettledResponse | ProgressResponse | undefined,
]

export type ResponseMessage =
  | ConnectedResponse
  | UnreadResponse
  | InsteadResponse
  | ItemsResponse
  | CalledResponse
  | UsedResponse
  | DroppedResponse
  | SettledResponse
  | StartedResponse
  | ProgressResponse
  | DiedResponse
  | SpaceResponse

/** A function to call, before it has a number. */
export type FunctionAddress = ModuleFunction | InlineFunction

/** An export of a module. */
export interface ModuleFunction {
  kind: 'module'
  /** A `file:` or `node:` URL, or a package name, which is looked up from `base`. */
  module: string
  base: string
  name: string
  /** What messages call it, where its address would tell a user nothing. */
  label?: string
  /** What `remote()` uses: not one function, but whatever the module exports. The name is for messages only. */
  isRemote?: true
}

/** A function that travels as its source text. */
export interface InlineFunction {
  kind: 'inline'
  /** An expression whose value is the function; checked to be one before it is sent. */
  source: string
  /** What `import()` in it resolves from. */
  base: string
  /** Empty for functions without a name. */
  name: string
}

/** What messages call a function: `tasks.js#fetchPage`, or `inline fetchPage`. */
export function labelOf(address: FunctionAddress): string {
  const { kind, name } = address
  if (kind === 'inline') return `inline ${name === '' ? 'function' : name}`
  return address.label ?? `${address.module.slice(address.module.lastIndexOf('/') + 1)}#${name}`
}

/** How a worker runs its CPU threads. */
export interface CpuOptions {
  /** So many at most; undefined: one for each core. */
  threads: number | undefined
  /** When a thread without work ends, in ms. */
  idleTimeout: number
  /** How often an idempotent call may be run again because its thread died. */
  reruns: number
  /** `env` was SHARE_ENV, a symbol that cannot be sent. */
  sharesEnv: boolean
  argv: readonly string[] | undefined
  resourceLimits: ResourceLimits | undefined
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
  /** The executor's. */
  name: string
  size: number
  queueSize: number
  stdio: 'direct' | 'inherit' | 'ignore'
  /** Identities of the executors inside which this thread runs tasks, outermost first. */
  ancestors: readonly string[]
  /** Real paths of the only folders that modules may come from. */
  roots: string[] | undefined
  /** The executor is shared with other threads. */
  shared: { id: string; free: Int32Array } | undefined
  initializer: (ModuleFunction & { args: readonly unknown[] }) | undefined
  /** `file:` URL of the file that './relative' is relative to. */
  base: string
  cpu: CpuOptions
}
