/** Loads node:crypto, which takes 3 ms, only when somebody shares an executor. */
export function uniqueId(): string {
  const { randomUUID } = require('node:crypto') as typeof import('node:crypto')
  return randomUUID()
}
