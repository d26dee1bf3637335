/* The entry file of a CPU thread: Piscina loads it in a thread of the worker, and calls `run` for each call. */
import { type MessagePort, receiveMessageOnPort, type Transferable, workerData } from 'node:worker_threads'
import { revive } from '../channel/carriers.js'
import { progressRefusal, refusal, unreadable } from '../channel/cloneable.js'
import {
  type CpuCallMessage,
  type CpuOutcome,
  CpuResponse,
  type CpuResponseMessage,
  type CpuTask,
  type CpuThreadInit,
} from '../channel/cpu-records.js'
import { encodeError, isError } from '../channel/error-record.js'
import { DeadlockError } from '../channel/errors.js'
import { show } from '../channel/show.js'
import { transferListOf } from '../channel/transfer.js'
import { revivePrimitive } from '../worker/carried.js'
import { context, type TaskContext } from '../worker/context.js'
import { createEntry } from '../worker/functions.js'
import { discardOutput, writeDirectly } from '../worker/stdio.js'

const { base, roots, stdio } = (workerData as { asyncPoolExecutor: CpuThreadInit }).asyncPoolExecutor

if (stdio === 'direct') writeDirectly()
else if (stdio === 'ignore') discardOutput()

/** Of the call that runs; there is one at a time. */
let currentPort: MessagePort | undefined

process.on('uncaughtExceptionMonitor', error => {
  if (process.listenerCount('uncaughtException') > 0) return // a module deals with it, and the thread lives on
  const record = encodeError(isError(error) ? error : new Error(`uncaught: ${show(error)}`))
  if (currentPort !== undefined) send(currentPort, [CpuResponse.Died, record])
})

context.base = base
context.offload = ({ address }) =>
  Promise.reject(
    new DeadlockError(
      `offload() of '${address.name}' was called in a CPU thread, where waiting for another one could be waiting for ` +
        'oneself. Call the function directly there',
    ),
  )

/** Never rejects: the outcome goes through the port. */
export async function run({ port }: CpuTask): Promise<void> {
  currentPort = port
  send(port, [CpuResponse.Started])
  const call = receiveCall(port)
  if (call === undefined) return
  const { label, find, load } = createEntry(call.address, roots)
  try {
    const { call: fn, owner } = find() ?? (await load())
    if (call.carried !== undefined) revive(call.args, call.carried, (_, data) => revivePrimitive(data))
    const apply = () => Reflect.apply(fn, owner, call.args)
    // Looked at after loading: the module sets it.
    const { storage } = context
    const value = await (storage === undefined ? apply() : storage.run(contextOf(call, port), apply))
    const transferred = transferListOf(value)
    const outcome: CpuOutcome =
      transferred === undefined ? [CpuResponse.Fulfilled, value] : [CpuResponse.Fulfilled, value, transferred]
    sendOutcome(port, outcome, label, transferred)
  } catch (error) {
    if (isError(error)) sendOutcome(port, [CpuResponse.Failed, encodeError(error)], label)
    else sendOutcome(port, [CpuResponse.Threw, error], label)
  }
}

function receiveCall(port: MessagePort): CpuCallMessage | undefined {
  try {
    return receiveMessageOnPort(port)?.message
  } catch (error) {
    const record = encodeError(unreadable('the arguments of the call', (error as Error).message))
    send(port, [CpuResponse.Failed, record])
    return undefined
  }
}

function contextOf({ id, name, attempt }: CpuCallMessage, port: MessagePort): TaskContext {
  return {
    // Cancelled or too late, the thread is ended: there is nobody left to be told by a signal.
    task: { id, name, attempt, signal: new AbortController().signal, priority: 0 },
    progress: value => sendProgress(port, value, name),
  }
}

function sendProgress(port: MessagePort, value: unknown, name: string): void {
  try {
    send(port, [CpuResponse.Progress, value])
  } catch (error) {
    throw progressRefusal(error, value, name)
  }
}

/** A value that cannot be sent is a failure of its own. */
function sendOutcome(
  port: MessagePort,
  outcome: CpuOutcome,
  label: string,
  transferred?: readonly Transferable[],
): void {
  try {
    send(port, outcome, transferred)
  } catch (error) {
    send(port, [CpuResponse.Failed, encodeError(refusal(error, outcome[1], label))])
  }
}

function send(
  port: MessagePort,
  message: CpuResponseMessage,
  transferred: readonly Transferable[] = [],
): void {
  port.postMessage(message, transferred)
}
