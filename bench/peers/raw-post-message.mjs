import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'

/** What a blocking call costs at least with `postMessage` there and `Atomics.wait` for the way back. */
export function createRaw() {
  const flag = new Int32Array(new SharedArrayBuffer(4))
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(new URL('./raw-post-message-worker.mjs', import.meta.url), {
    workerData: { flag, port: port2 },
    transferList: [port2],
  })
  worker.unref()
  return {
    echo(bytes, isTransferred) {
      Atomics.store(flag, 0, 0)
      port1.postMessage({ bytes, isTransferred }, isTransferred ? [bytes.buffer] : [])
      Atomics.wait(flag, 0, 0)
      return receiveMessageOnPort(port1).message
    },
  }
}
