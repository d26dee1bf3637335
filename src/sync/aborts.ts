/** Who waits for each signal. One listener serves all: Node takes more than ten on a signal for a leak, and warns. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** @returns what ends it, to be called as soon as the signal no longer matters */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = waiting.get(signal) ?? listen(signal)
  callbacks.add(callback)
  return () => {
    callbacks.delete(callback)
    if (callbacks.size > 0 || waiting.get(signal) !== callbacks) return
    waiting.delete(signal)
    signal.removeEventListener('abort', callAll)
  }
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  waiting.set(signal, callbacks)
  signal.addEventListener('abort', callAll)
  return callbacks
}

function callAll(this: AbortSignal): void {
  for (const callback of waiting.get(this) ?? []) callback()
}
