import { AsyncPoolExecutor } from 'async-pool-executor'

export const name = 'async-pool-executor'

const tasks = new URL('./tasks.mjs', import.meta.url).href

/** @returns {import('./types.mjs').BlockingPeer} */
export function createBlocking() {
  const executor = new AsyncPoolExecutor()
  return {
    echo: value => executor.run(tasks, 'echo', [value]),
    close: () => executor.shutdown(),
  }
}

/** @param {number} size @returns {import('./types.mjs').SubmittingPeer} */
export function createSubmitting(size) {
  const executor = new AsyncPoolExecutor(size)
  return {
    submitAll(count) {
      for (let i = 0; i < count; i++) executor.submit(tasks, 'echo', [i])
      executor.join()
    },
    close: () => executor.shutdown(),
  }
}
