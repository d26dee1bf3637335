import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'

export const name = 'piscina'

const filename = fileURLToPath(new URL('./tasks.mjs', import.meta.url))

/**
 * One thread that runs `size` tasks at once does for piscina what one does for us; it is also quicker here than
 * its default, which starts more threads than there are cores.
 *
 * @param {number} size @returns {import('./types.mjs').SubmittingPeer}
 */
export function createSubmitting(size) {
  const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: size })
  return {
    submitAll: count => Promise.all(Array.from({ length: count }, (_, i) => pool.run(i))),
    close: () => pool.destroy(),
  }
}
