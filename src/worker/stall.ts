import { ExecutorError } from '../channel/errors.js'

/** How often to look whether a module that is still loading can ever finish, in ms. */
const interval = 50

/** The channel's port keeps the thread alive, and nothing else of ours does. */
const ours = 1

/**
 * Waits for a module to load, unless it cannot: when nothing is left that keeps the event loop alive, except what
 * was there before any module, a top-level await that has not settled never will. At the end of a program Node
 * notices that too, and exits with code 13; here the channel keeps the thread alive.
 *
 * @throws {ExecutorError} if loading stalls
 */
export function unlessStalled<T>(loading: Promise<T>, module: string): Promise<T> {
  let watch: NodeJS.Timeout | undefined
  const stalled = new Promise<never>((_resolve, reject) => {
    let quietLooks = 0
    watch = setInterval(() => {
      // Twice in a row: between two file system calls of the loader there is nothing to be seen for a moment.
      quietLooks = process.getActiveResourcesInfo().length <= ours ? quietLooks + 1 : 0
      if (quietLooks === 2) reject(new ExecutorError(`a top-level await of ${module} never settles`))
    }, interval).unref()
  })
  return Promise.race([loading, stalled]).finally(() => clearInterval(watch))
}
