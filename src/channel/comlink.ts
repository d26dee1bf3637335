import type { Transferable } from 'node:worker_threads'
import { ExecutorError } from './errors.js'

type Comlink = typeof import('comlink')

let loaded: Comlink | undefined

/** Loaded at first use: nearly nobody needs it. */
export function comlink(): Comlink {
  loaded ??= require('comlink') as Comlink
  return loaded
}

/** How comlink sends a value (its protocol.ts): as it is, or as what the transfer handler of that name made of it. */
export type WireValue = { type: 'RAW'; value: unknown } | { type: 'HANDLER'; name: string; value: unknown }

export interface Sent {
  wire: WireValue
  transferList: readonly Transferable[]
}

let send: ((value: unknown) => Sent) | undefined

/**
 * What transfer handlers and `Comlink.transfer` make of a value. Comlink alone knows, and says so only in what it
 * sends.
 */
export function toWire(value: unknown): Sent {
  send ??= createSender()
  return send(value)
}

/** Calls a function over an endpoint that only looks at the message, and answers so that no call stays open. */
function createSender(): (value: unknown) => Sent {
  let sent: Sent
  let answer: (event: { data: unknown }) => void = () => {}
  const call = comlink().wrap<(value: unknown) => void>({
    postMessage(message: { id: string; argumentList: [WireValue] }, transferList: Transferable[]) {
      sent = { wire: message.argumentList[0], transferList }
      answer({ data: { id: message.id } })
    },
    addEventListener(_type, listener) {
      answer = listener as unknown as typeof answer
    },
    removeEventListener() {},
  })
  return value => {
    void call(value)
    return sent
  }
}

export function fromWire(wire: WireValue): unknown {
  if (wire.type === 'RAW') return wire.value
  const handler = comlink().transferHandlers.get(wire.name)
  if (handler === undefined)
    throw new ExecutorError(`this thread has no transfer handler named '${wire.name}'`)
  return handler.deserialize(wire.value)
}

/** Whether any handler could want a value that is no object: users' handlers may, the two of comlink do not. */
export function hasHandlers(): boolean {
  return comlink().transferHandlers.size > 2
}
