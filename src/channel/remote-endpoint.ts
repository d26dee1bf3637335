import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { comlink, fromWire, type Sent, toWire, type WireValue } from './comlink.js'
import { type Origin, originOf } from './remote-proxy.js'
import { Access } from './remote-records.js'

/** What comlink sends over a port (its protocol.ts). */
interface Message {
  id: string
  type: 'GET' | 'SET' | 'APPLY' | 'CONSTRUCT' | 'ENDPOINT' | 'RELEASE'
  path?: string[]
  argumentList?: WireValue[]
  value?: WireValue
}

const accesses = { GET: Access.Get, SET: Access.Set, APPLY: Access.Call, CONSTRUCT: Access.Construct }

/** A port that `Comlink.wrap` takes in any thread: what comes over it is done to what the origin stands for. */
export function openEndpoint(origin: Origin): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const letGo = origin.connection.hold()
  port1.on('message', (message: Message) => serve(origin, port1, message))
  port1.on('close', letGo)
  port1.unref()
  return port2
}

async function serve(origin: Origin, port: MessagePort, message: Message): Promise<void> {
  const { id, type } = message
  try {
    const { wire, transferList } = sendable(origin, await perform(origin, message))
    port.postMessage({ ...wire, id }, transferList)
  } catch (error) {
    port.postMessage({ ...failed(error), id })
  }
  if (type === 'RELEASE') port.close()
}

async function perform(origin: Origin, message: Message): Promise<unknown> {
  const { type, path: rest = [], argumentList = [], value } = message
  if (type === 'RELEASE') return undefined
  if (type === 'ENDPOINT') return moved(openEndpoint(origin))
  const args = (value === undefined ? argumentList : [value]).map(fromWire)
  const path = [...origin.path, ...rest]
  return origin.connection.use({ access: accesses[type], path, args, below: serve })
}

function moved(port: MessagePort): MessagePort {
  return comlink().transfer(port, [port])
}

/** A proxy goes as a port of its own. */
function sendable({ connection }: Origin, value: unknown): Sent {
  const origin = typeof value === 'function' ? originOf(value) : undefined
  if (origin === undefined) return toWire(value)
  const port = openEndpoint(origin)
  // Made for this answer: nobody else has it, and the port keeps its object.
  if (origin.connection.peer === connection.peer && origin.path.length === 0) origin.connection.release()
  return { wire: { type: 'HANDLER', name: 'proxy', value: port }, transferList: [port] }
}

function failed(error: unknown): WireValue {
  const value = comlink().transferHandlers.get('throw')?.serialize({ value: error })[0]
  return { type: 'HANDLER', name: 'throw', value }
}
