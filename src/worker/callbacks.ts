import { threadId } from 'node:worker_threads'
import { isRefusal, notCloneable } from '../channel/cloneable.js'
import { decodeError, type ErrorRecord } from '../channel/error-record.js'
import { ExecutorError } from '../channel/errors.js'
import { type AnswerRequest, Outcome } from '../channel/records.js'
import type { Task } from './task.js'

interface Call {
  promise: Promise<unknown>
  resolve(value: unknown): void
  reject(error: unknown): void
}

/** Counts up from here, so that an answer to a call of a worker that died is none to one of the next worker's. */
let calls = threadId * 2 ** 32

/** The calls that a task has made of functions of its caller's, and has no answer to. */
export class CallbackCalls {
  readonly #task: Task
  readonly #pending = new Map<number, Call>()

  constructor(task: Task) {
    this.#task = task
  }

  /** What stands for a function of the caller's: sends its arguments there; the promise settles with the answer. */
  createFunction(callback: number): (...args: unknown[]) => Promise<unknown> {
    return (...args) => {
      let settle: Omit<Call, 'promise'> | undefined
      const promise = new Promise<unknown>((resolve, reject) => {
        settle = { resolve, reject }
      })
      if (settle !== undefined) this.#call(callback, args, { ...settle, promise })
      return promise
    }
  }

  #call(callback: number, args: readonly unknown[], pending: Call): void {
    const { id, entry, caller, isAnswered } = this.#task
    if (isAnswered) {
      pending.reject(endedError(entry.label))
      return
    }
    const call = calls++
    try {
      caller.outbox.called({ id, call, label: entry.label }, callback, args)
    } catch (error) {
      const whose = `a callback given to ${entry.label}`
      pending.reject(isRefusal(error) ? notCloneable('args', args, error, whose) : error)
      return
    }
    this.#pending.set(call, pending)
  }

  settle([, , call, outcome, value]: AnswerRequest): void {
    const pending = this.#pending.get(call)
    this.#pending.delete(call)
    if (outcome === Outcome.Fulfilled) pending?.resolve(value)
    else pending?.reject(outcome === Outcome.Failed ? decodeError(value as ErrorRecord) : value)
  }

  /** The task has been answered for, so nobody will answer these. Not to be called unhandled: it may not wait for them. */
  fail(reason: Error): void {
    for (const { promise, reject } of this.#pending.values()) {
      promise.catch(() => {})
      reject(reason)
    }
    this.#pending.clear()
  }

  /** The task has ended without waiting for these: nobody answers, and nobody is to blame. */
  close(): void {
    for (const { resolve } of this.#pending.values()) resolve(undefined)
    this.#pending.clear()
  }
}

function endedError(label: string): ExecutorError {
  return new ExecutorError(`a callback given to ${label} was called after the end of that task`)
}
