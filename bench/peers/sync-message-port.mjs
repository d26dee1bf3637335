import { Worker } from 'node:worker_threads'
import { SyncMessagePort } from 'sync-message-port'

export const name = 'sync-message-port'

/** @returns {import('./types.mjs').BlockingPeer} */
export function createBlocking() {
  const { port1, port2 } = SyncMessagePort.createChannel()
  const worker = new Worker(new URL('./sync-message-port-worker.mjs', import.meta.url), {
    workerData: port2,
    transferList: [port2],
  })
  worker.unref()
  const port = new SyncMessagePort(port1)
  return {
    echo(value) {
      port.postMessage(value)
      return port.receiveMessage()
    },
    close: () => worker.terminate(),
  }
}
