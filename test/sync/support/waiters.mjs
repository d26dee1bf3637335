/* Looks into the shared memory of a primitive (src/sync/layout.ts) for what no public member tells. */

const slots = 24 + 2 * 160
const slotCount = 128
const waitingInFirstLine = 8
const placeWords = 8

const pause = new Int32Array(new SharedArrayBuffer(4))

/** How many calls wait for a primitive, blocked or not, in all threads. */
export function waitersOf({ shared: { kind, words } }) {
  const lines = kind === 'Queue' ? 2 : 1
  const stride = 16 * lines
  let count = 0
  for (let slot = 0; slot < slotCount; slot++)
    for (let line = 0; line < lines; line++)
      count += Atomics.load(words, slots + slot * stride + waitingInFirstLine + line * placeWords)
  return count
}

/** Blocks until so many wait; too few of them after 10 s are a failure. */
export function awaitWaiters(primitive, count) {
  for (const end = performance.now() + 10_000; waitersOf(primitive) < count; Atomics.wait(pause, 0, 0, 1))
    if (performance.now() > end) throw new Error(`${waitersOf(primitive)} wait, not ${count}, after 10 s`)
}

/** As if this many threads with this id held a lock or waited for it. */
export function occupySlots({ shared: { words } }, count, threadId) {
  const slotsUsed = 2
  for (let slot = 0; slot < count; slot++) Atomics.store(words, slots + slot * 16, threadId + 1)
  Atomics.store(words, slotsUsed, count)
}
