import type { MessagePort, Transferable } from 'node:worker_threads'
import type { CarriedValue } from './carriers.js'
import type { ErrorRecord } from './error-record.js'
import type { FunctionAddress, WorkerInit } from './records.js'

/* Everything that crosses between the worker and its CPU threads. */

/** What a CPU thread is given at its start, as `workerData`. */
export type CpuThreadInit = Pick<WorkerInit, 'base' | 'roots' | 'stdio'>

/** What Piscina carries to a CPU thread; the call itself waits on the port. */
export interface CpuTask {
  port: MessagePort
}

/** What is to be called, and for which task: `currentTask()` shows that one. */
export interface CpuCallMessage {
  id: number
  name: string
  attempt: number
  address: FunctionAddress
  args: readonly unknown[]
  carried?: readonly CarriedValue[] | undefined
}

export enum CpuResponse {
  /** The thread has taken the call. */
  Started,
  Progress,
  Fulfilled,
  /** The value is an {@link ErrorRecord}. */
  Failed,
  /** The function threw something that is not an error; the value is that. */
  Threw,
  /** The thread's last words, when an error ends it. */
  Died,
}

/** The last message of a call. */
export type CpuOutcome =
  | [kind: CpuResponse.Fulfilled, value: unknown, transferred?: readonly Transferable[]]
  | [kind: CpuResponse.Threw, value: unknown]
  | [kind: CpuResponse.Failed, error: ErrorRecord]

export type CpuResponseMessage =
  | [kind: CpuResponse.Started]
  | [kind: CpuResponse.Progress, value: unknown]
  | [kind: CpuResponse.Died, error: ErrorRecord]
  | CpuOutcome
