import { postLastWords } from './last-words.js'

/** Rejects the calls that are running. */
const running = new Set<(reason: unknown) => void>()
let isListening = false

/**
 * Runs a call so that it also fails with an error that nobody catches while it runs, but that a listener of the worker
 * file keeps from ending the worker: most likely it was the call's, which then might never end.
 */
export function failOnUncaught(call: () => unknown): Promise<unknown> {
  listen()
  return new Promise((resolve, reject) => {
    running.add(reject)
    const result = (async () => call())()
    result.then(resolve, reject).finally(() => running.delete(reject))
  })
}

/** A monitor changes nothing about what becomes of the error. */
function listen(): void {
  if (isListening) return
  isListening = true
  let last: unknown
  process.on('uncaughtExceptionMonitor', error => {
    last = error
    for (const reject of running) reject(error)
  })
  // The listener may end the worker at once, and the rejection comes too late. First: the bridge's own hook says that
  // the worker is gone.
  process.prependListener('exit', () => {
    if (running.size > 0) postLastWords(last)
  })
}
