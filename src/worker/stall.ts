import type { MessagePort } from 'node:worker_threads'
import { ExecutorError } from '../channel/errors.js'

/** Called when nothing keeps the event loop alive any more. */
const waiting = new Set<() => void>()
let channelPort: MessagePort | undefined

/** @param port - what keeps the thread alive while nothing loads */
export function watchForStalls(port: MessagePort): void {
  channelPort = port
  process.on('beforeExit', () => {
    for (const giveUp of waiting) giveUp()
  })
}

/**
 * Waits for a module to load, or for an initializer, unless that can never end: a top-level await that has not
 * settled when nothing is left that keeps the event loop alive never will. At the end of a program Node notices that,
 * and exits with code 13. Here the channel keeps the thread alive; meanwhile it does not, and Node says when.
 *
 * @throws {ExecutorError} if it stalls
 */
export async function unlessStalled<T>(loading: Promise<T>, what: string): Promise<T> {
  let giveUp = () => {}
  const stalled = new Promise<never>((_resolve, reject) => {
    giveUp = () =>
      reject(new ExecutorError(`${what} never settles: nothing is left that it could be waiting for`))
  })
  waiting.add(giveUp)
  channelPort?.unref()
  try {
    return await Promise.race([loading, stalled])
  } finally {
    waiting.delete(giveUp)
    if (waiting.size === 0) channelPort?.ref()
  }
}
