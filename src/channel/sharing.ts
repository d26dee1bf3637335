/*
 * How several threads share one executor. A MessagePort can be given to one thread only, and by a thread that knows
 * it; a handle must be plain data that can go anywhere. So callers other than the owner talk to the worker through a
 * BroadcastChannel of their own, which has no other members, and introduce themselves through one that has the
 * handle's name.
 */

/** What `executor.handle()` gives: plain data, to be sent to other threads in any way. */
export interface ExecutorHandle {
  readonly asyncPoolExecutor: SharedExecutor
}

export interface SharedExecutor {
  readonly id: string
  readonly name: string
  readonly size: number
  readonly queueSize: number
  readonly timeout: number | undefined
  /** By which a worker of this very executor is recognized. */
  readonly identity: string
  /** Words with the indexes of {@link Shared}. */
  readonly state: Int32Array
}

/** Indexes into the state that all callers see; written by the owner. */
export enum Shared {
  /** Counts the workers, also those before the executor was shared. */
  Generation,
  /** A {@link SharedStatus}. */
  Status,
  /** The number that the system knows the owner's thread by, or 0. */
  OwnerThread,
}

export enum SharedStatus {
  Open,
  /** The owner has shut the executor down. */
  Closed,
  /** The worker died too often. */
  Broken,
}

/** Sent on the control channel until the worker answers. */
export interface Introduction {
  /** Name of the caller's channel. */
  channel: string
  words: Int32Array
  bell: Int32Array
  epoch: number
  /** The number that the system knows the caller's thread by, or 0. */
  thread: number
}

export function controlChannelOf(id: string): string {
  return `async-pool-executor:${id}`
}

/** What the worker tells each caller of a shared executor. */
export interface Commons {
  /** Where the worker parks: all callers wake it there. */
  wakeWords: Int32Array
  /** One word: places in the queue that any caller may take, in one atomic step each. */
  free: Int32Array
}
