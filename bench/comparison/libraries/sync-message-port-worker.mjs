import { workerData } from 'node:worker_threads'
import { SyncMessagePort } from 'sync-message-port'
import * as exported from '../tasks.mjs'

const tasks = { ...exported }
const port = new SyncMessagePort(workerData)

port.on('message', async ({ name, arg }) => {
  try {
    port.postMessage({ value: await tasks[name](arg) })
  } catch (error) {
    port.postMessage({ error })
  }
})
