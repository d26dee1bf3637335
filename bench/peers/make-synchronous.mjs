import makeSynchronous from 'make-synchronous'

export const name = 'make-synchronous'

/** @returns {import('./types.mjs').BlockingPeer} */
export function createBlocking() {
  return { echo: makeSynchronous(async value => value), close() {} }
}
