import type { MessagePort } from 'node:worker_threads'
import type { ErrorRecord } from './error-record.js'
import type { FunctionAddress, WorkerInit } from './records.js'

/* Everything that crosses between the worker and its CPU threads. */

/** What a CPU thread is given at its start, as `workerData`. */
export type CpuThreadInit = Pick<WorkerInit, 'roots' | 'stdio'>

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
}

export enum CpuResponse {
  Progress,
  Fulfilled,
  /** The value is an {@link ErrorRecord}. */
  Failed,
  /** The function threw something that is not an error; the value is that. */
  Threw,
  /** The thread's last words, when an error ends it. */
  Died,
}

export type CpuResponseMessage =
  | [kind: CpuResponse.Progress | CpuResponse.Fulfilled | CpuResponse.Threw, value: unknown]
  | [kind: CpuResponse.Failed | CpuResponse.Died, error: ErrorRecord]
