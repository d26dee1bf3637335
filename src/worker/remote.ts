import { threadId } from 'node:worker_threads'
import { isRefusal, notCloneable } from '../channel/cloneable.js'
import { decodeError, type ErrorRecord } from '../channel/error-record.js'
import { ExecutorError, WorkerDiedError } from '../channel/errors.js'
import { type AnswerRequest, Outcome, Response } from '../channel/records.js'
import { Connection, type RemoteUse } from '../channel/remote-proxy.js'
import type { Use } from '../channel/remote-records.js'
import { type Place, RemoteValues } from '../channel/remote-values.js'
import { SharedObjects } from '../channel/shared-objects.js'
import type { Outbox } from './outbox.js'

/** Numbers count up from here, so that those of one worker are never those of another. */
const firstNumber = threadId * 2 ** 32

/** A use of an object of the caller's that has no answer yet. */
interface Pending {
  resolve(result: unknown): void
  reject(error: unknown): void
}

/** The worker's end of the `remote()` proxies of one caller, and its proxies of that caller's objects. */
export class Remotes {
  readonly objects = new SharedObjects<Place>({
    last: firstNumber,
    isolate: warnOfErrors,
    missing: lostError,
  })
  readonly values: RemoteValues<Place>
  readonly #outbox: Outbox
  readonly #pending = new Map<number, Pending>()
  #lastCall = firstNumber
  #isClosed = false

  constructor(outbox: Outbox) {
    this.#outbox = outbox
    this.values = new RemoteValues(this.objects, (number, from) => this.#connect(number, from))
  }

  /** The caller has no proxy any more of an object of this thread. */
  drop(number: number): void {
    this.objects.drop(number)
  }

  /** The caller is gone, and with it what this thread has proxies of. Others use this thread further. */
  close(): void {
    this.#isClosed = true
    this.objects.dropAllBut(new Set())
    for (const { reject } of this.#pending.values()) reject(goneError())
    this.#pending.clear()
  }

  #connect(number: number, from: Place): Connection {
    const place = { label: `an object given to ${from.label}` }
    const send = (use: RemoteUse) => this.#use(number, place, use)
    const drop = () => this.#outbox.post([Response.Dropped, number])
    return new Connection({ number, peer: this.values, send, drop })
  }

  /**
   * Uses an object of the caller's. The promise is settled by the answer, which the caller sends in any case: it gives
   * up itself what could keep both waiting (bridge/answers.ts). If the caller goes, or its thread dies, `close` ends it,
   * or this thread ends with its owner.
   */
  async #use(number: number, place: Place, { access, path, args }: RemoteUse): Promise<unknown> {
    if (this.#isClosed) throw goneError()
    const encoded = this.values.encode(args, place)
    const use: Use = [access, number, path, encoded.forms]
    const call = ++this.#lastCall
    try {
      this.#outbox.used({ call, label: place.label }, use, encoded)
    } catch (error) {
      this.values.forget(encoded)
      throw isRefusal(error) ? notCloneable('args', args, error, place.label, encoded.transferList) : error
    }
    const result = new Promise((resolve, reject) => this.#pending.set(call, { resolve, reject }))
    return result.then(value => this.values.decodeResult(value, place))
  }

  settle([, , call, outcome, value]: AnswerRequest): void {
    const pending = this.#pending.get(call)
    this.#pending.delete(call)
    if (outcome === Outcome.Fulfilled) pending?.resolve(value)
    else pending?.reject(outcome === Outcome.Failed ? decodeError(value as ErrorRecord) : value)
  }
}

function goneError(): ExecutorError {
  return new ExecutorError('the object is gone with the thread that shared it')
}

/** A finalizer has nobody that it could fail. */
function warnOfErrors(code: () => void): void {
  try {
    code()
  } catch (error) {
    process.emitWarning(error instanceof Error ? error : new Error(String(error)))
  }
}

function lostError(number: number): Error {
  if (Math.floor((number - 1) / 2 ** 32) === threadId)
    return new ExecutorError('the object has been released by the thread that used it')
  return new WorkerDiedError(
    'the object is gone with the worker that made it, which has died: make a new one',
    {
      reason: 'it has been replaced',
    },
  )
}
