/** What an abort ends, by signal: one listener each, however many tasks share it (Node warns of eleven). */
const guarded = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>()

/**
 * Calls `end` when the signal is aborted, which an event loop gets to know.
 *
 * @returns what takes `end` away again; the listener goes with the last one
 */
export function onAbort(signal: AbortSignal, end: (reason: unknown) => void): () => void {
  const ends = guarded.get(signal) ?? listen(signal)
  ends.add(end)
  return () => {
    ends.delete(end)
    if (ends.size > 0 || guarded.get(signal) !== ends) return
    guarded.delete(signal)
    signal.removeEventListener('abort', onAborted)
  }
}

function listen(signal: AbortSignal): Set<(reason: unknown) => void> {
  const ends = new Set<(reason: unknown) => void>()
  guarded.set(signal, ends)
  signal.addEventListener('abort', onAborted, { once: true })
  return ends
}

function onAborted({ target }: Event): void {
  const signal = target as AbortSignal
  const ends = guarded.get(signal)
  guarded.delete(signal)
  for (const end of ends ?? []) end(signal.reason)
}
