import type { Worker } from 'node:worker_threads'

/**
 * Deno takes a message out of a port as soon as microtasks run, and hands it to the port's listener when the event
 * loop turns: a thread that blocks in between never sees it. So there the port has no listener, and a timer looks.
 */
export const listenersHoard = 'Deno' in globalThis

/** How often the timer looks, in ms. */
const interval = 5

/** Calls `look` whenever the event loop comes round, as long as the worker lives. Does not keep the process alive. */
export function pollWhileAlive(worker: Worker, look: () => void): void {
  const timer = setInterval(look, interval).unref()
  worker.on('exit', () => clearInterval(timer))
}
