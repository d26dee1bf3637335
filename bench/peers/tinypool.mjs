import { fileURLToPath } from 'node:url'
import { Tinypool } from 'tinypool'

export const name = 'tinypool'

const filename = fileURLToPath(new URL('./tasks.mjs', import.meta.url))

/** Set up as piscina is. @param {number} size @returns {import('./types.mjs').SubmittingPeer} */
export function createSubmitting(size) {
  const pool = new Tinypool({ filename, minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: size })
  return {
    submitAll: count => Promise.all(Array.from({ length: count }, (_, i) => pool.run(i))),
    close: () => pool.destroy(),
  }
}
