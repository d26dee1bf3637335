import { fileURLToPath } from 'node:url'
import { createSyncFn } from 'async-pool-executor/synckit'

export const name = 'async-pool-executor/synckit'

/** @returns {import('./types.mjs').BlockingPeer} */
export function createBlocking() {
  const echo = createSyncFn(fileURLToPath(new URL('./synckit-drop-in-worker.mjs', import.meta.url)))
  return { echo, close() {} }
}
