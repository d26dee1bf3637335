/*
 * A channel, not an executor: what is sent over it is up to its user. This is the least that works: a call is
 * a message, and so is its answer.
 */
import { Worker } from 'node:worker_threads'
import { SyncMessagePort } from 'sync-message-port'

export const hasTimeout = true
export const hasLimits = true

/** @param {import('./types.mjs').Options} options @returns {import('./types.mjs').Library} */
export function create({ timeout, resourceLimits }) {
  const port = connect(new URL('./sync-message-port-worker.mjs', import.meta.url), resourceLimits)
  // An explicit `undefined` would be taken for a timeout.
  const limit = timeout === undefined ? undefined : { timeout }
  let submitted = 0
  return {
    call(name, arg) {
      port.postMessage({ name, arg })
      return read(port.receiveMessage(limit))
    },
    submit(name, arg) {
      port.postMessage({ name, arg })
      submitted++
    },
    join() {
      for (; submitted > 0; submitted--) read(port.receiveMessage(limit))
    },
  }
}

export function callExport(url, name, arg) {
  const port = connect(url)
  port.postMessage({ name, arg })
  return read(port.receiveMessage())
}

function connect(url, resourceLimits) {
  const { port1, port2 } = SyncMessagePort.createChannel()
  const worker = new Worker(url, { workerData: port2, transferList: [port2], resourceLimits })
  worker.on('error', () => {})
  worker.unref()
  return new SyncMessagePort(port1)
}

function read({ value, error }) {
  if (error !== undefined) throw error
  return value
}
