import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Transferable,
  type Worker,
} from 'node:worker_threads'
import type { CarriedValue } from '../channel/carriers.js'
import { isRefusal, notCloneable, unreadable } from '../channel/cloneable.js'
import {
  type CpuCallMessage,
  type CpuOutcome,
  CpuResponse,
  type CpuResponseMessage,
} from '../channel/cpu-records.js'
import { type Death, describeDeath, withCause } from '../channel/death.js'
import { decodeError, encodeError } from '../channel/error-record.js'
import { WorkerDiedError } from '../channel/errors.js'
import { type FunctionAddress, labelOf } from '../channel/records.js'
import { transfer } from '../channel/transfer.js'
import type { Queued } from '../pool/queue.js'
import type { TaskFace } from './context.js'

/** What is to be run in a CPU thread. */
export interface CpuRequest {
  /** The task that it is part of. */
  readonly task: TaskFace
  readonly address: FunctionAddress
  readonly args: readonly unknown[]
  /** What is to be made again in the arguments. */
  readonly carried?: readonly CarriedValue[] | undefined
  readonly transferList: readonly Transferable[] | undefined
  readonly priority: number
  readonly idempotent: boolean
  /** It is the whole task: what its result was transferred with goes on to the caller in the same way. */
  readonly isWhole: boolean
  /** Aborted: the call does not start, or its thread is ended. The reason is what the call rejects with. */
  readonly signal: AbortSignal
  /** Called when a thread has taken it. Once more if that dies and the call is idempotent. */
  onStart(): void
  onProgress(value: unknown): void
}

let count = 0

/**
 * One call on its way to a CPU thread and back. Everything but Piscina's own messages goes through a port of its own:
 * the arguments, copied at once; progress and outcome, in order; and what the thread says when it dies. So a result
 * that cannot be cloned fails the call and does not end the thread, as it does in Piscina's message.
 */
export class CpuCall implements Queued {
  previous: Queued | undefined = undefined
  next: Queued | undefined = undefined
  readonly key = count++
  readonly priority: number
  readonly request: CpuRequest
  /** For the CPU thread; the call waits in it. */
  readonly farPort: MessagePort
  readonly #port: MessagePort
  readonly #stopper = new AbortController()
  #outcome: CpuOutcome | undefined
  #thread: Worker | undefined
  #exitCode: number | undefined
  #lastWords: Error | undefined
  /** Ends the wait for the thread's exit. */
  #onExit = () => {}
  /** Its turn has come. Set while it waits in the queue. */
  begin = () => {}

  /** @throws {NotCloneableError} if an argument cannot be copied */
  constructor(request: CpuRequest, attempt: number) {
    this.request = request
    this.priority = request.priority
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    this.farPort = port2
    try {
      this.#send(attempt)
    } catch (error) {
      this.close()
      throw error
    }
    port1.on('message', (message: CpuResponseMessage) => this.#receive(message))
    port1.on('messageerror', error => this.#miss(error))
    port1.unref() // Piscina keeps the event loop alive for as long as a thread is at work
  }

  /** What messages call the function. */
  get label(): string {
    return labelOf(this.request.address)
  }

  /** Aborted: Piscina ends the thread, or forgets the call if it has none yet. */
  get stopSignal(): AbortSignal {
    return this.#stopper.signal
  }

  get hasThread(): boolean {
    return this.#thread !== undefined
  }

  isOn(thread: Worker): boolean {
    return this.#thread === thread
  }

  /** No outcome came: its thread died, or could not start. */
  get hasDied(): boolean {
    return this.#outcome === undefined && !this.request.signal.aborted
  }

  stop(): void {
    this.#stopper.abort()
  }

  /** The thread could not start. */
  fail(error: Error | undefined): void {
    this.#lastWords = error
    this.stop()
  }

  /** Piscina has chosen this thread for it. */
  runsOn(thread: Worker): void {
    this.#thread = thread
    thread.on('error', this.#onThreadError)
    thread.on('exit', this.#onThreadExit)
  }

  /** Resolves when the thread that ran it is gone. It has been terminated, or is dying by itself: it will be. */
  async threadEnds(): Promise<void> {
    if (this.#thread === undefined || this.#thread.threadId === -1) return
    await new Promise<void>(resolve => {
      this.#onExit = resolve
    })
  }

  /** Its value; throws its error. To be called when it has ended. */
  outcome(): unknown {
    while (this.#receiveNext()); // what came before Piscina's own message may not have been delivered yet
    if (this.#outcome === undefined) throw this.hasDied ? this.#diedError() : this.request.signal.reason
    const [kind, value, transferred] = this.#outcome
    if (kind === CpuResponse.Fulfilled)
      return transferred !== undefined && this.request.isWhole ? transfer(value, transferred) : value
    throw kind === CpuResponse.Failed ? decodeError(value) : value
  }

  close(): void {
    this.#port.close()
    this.#thread?.off('error', this.#onThreadError)
    this.#thread?.off('exit', this.#onThreadExit)
  }

  #send(attempt: number): void {
    const { task, address, args, carried, transferList = [] } = this.request
    const message: CpuCallMessage = { id: task.id, name: task.name, attempt, address, args, carried }
    try {
      this.#port.postMessage(message, transferList)
    } catch (error) {
      if (!isRefusal(error)) throw error
      throw notCloneable('args', args, error, `the arguments of ${this.label}`, transferList)
    }
  }

  #receiveNext(): boolean {
    try {
      const received = receiveMessageOnPort(this.#port)
      if (received !== undefined) this.#receive(received.message)
      return received !== undefined
    } catch (error) {
      this.#miss(error as Error)
      return true
    }
  }

  /** If it was progress that could not be read, the outcome is still to come. */
  #miss(error: Error): void {
    this.#outcome = [
      CpuResponse.Failed,
      encodeError(unreadable(`the result of ${this.label}`, error.message)),
    ]
  }

  #receive(message: CpuResponseMessage): void {
    switch (message[0]) {
      case CpuResponse.Started:
        this.request.onStart()
        break
      case CpuResponse.Progress:
        this.request.onProgress(message[1])
        break
      case CpuResponse.Died:
        this.#lastWords = decodeError(message[1])
        break
      default:
        this.#outcome = message
    }
  }

  /** Nothing that the thread said itself: it ran out of memory. */
  readonly #onThreadError = (error: Error): void => {
    this.#lastWords ??= error
  }

  readonly #onThreadExit = (exitCode: number): void => {
    this.#exitCode = exitCode
    this.#onExit()
  }

  #diedError(): WorkerDiedError {
    const { reason, exitCode, cause }: Death = withCause(describeDeath(this.#exitCode), this.#lastWords)
    const message = `the CPU thread died while it was running ${this.label} (task ${this.request.task.id}): ${reason}`
    return new WorkerDiedError(message, { exitCode, reason, ...(cause !== undefined && { cause }) })
  }
}
