import { workerData } from 'node:worker_threads'

const { flag, port } = workerData

port.on('message', ({ bytes, isTransferred }) => {
  port.postMessage(bytes, isTransferred ? [bytes.buffer] : [])
  Atomics.store(flag, 0, 1)
  Atomics.notify(flag, 0)
})
