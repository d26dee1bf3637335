import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { comlink, fromWire, type Sent, toWire, type WireValue } from './comlink.js'
import { type Connection, originOf } from './remote-proxy.js'
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

/** A port that `Comlink.wrap` takes in any thread: what comes over it is done to the object of the connection. */
export function openEndpoint(connection: Connection): MessagePort {
  const { port1, port2 } = new MessageChannel()
  const letGo = connection.hold()
  port1.on('message', (message: Message) => serve(connection, port1, message))
  port1.on('close', letGo)
  port1.unref()
  return port2
}

async function serve(connection: Connection, port: MessagePort, message: Message): Promise<void> {
  const { wire, transferList } = await perform(connection, message).then(sendable, failed)
  try {
    port.postMessage({ ...wire, id: message.id }, transferList)
  } catch (error) {
    port.postMessage({ ...failed(error).wire, id: message.id })
  }
  if (message.type === 'RELEASE') port.close()
}

async function perform(connection: Connection, message: Message): Promise<unknown> {
  const { type, path = [], argumentList = [], value } = message
  if (type === 'RELEASE') return undefined
  if (type === 'ENDPOINT') return moved(openEndpoint(connection))
  const args = (value === undefined ? argumentList : [value]).map(fromWire)
  return connection.use({ access: accesses[type], path, args, below: serve })
}

function moved(port: MessagePort): MessagePort {
  return comlink().transfer(port, [port])
}

/** A proxy goes as a port of its own. */
function sendable(value: unknown): Sent {
  const origin = typeof value === 'function' ? originOf(value) : undefined
  if (origin === undefined) return toWire(value)
  const port = openEndpoint(origin.connection)
  return { wire: { type: 'HANDLER', name: 'proxy', value: port }, transferList: [port] }
}

function failed(error: unknown): Sent {
  const value = comlink().transferHandlers.get('throw')?.serialize({ value: error })[0]
  return { wire: { type: 'HANDLER', name: 'throw', value }, transferList: [] }
}
