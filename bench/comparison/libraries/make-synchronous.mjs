import makeSynchronous from 'make-synchronous'

export const hasTimeout = false
export const hasLimits = false

/** @returns {import('./types.mjs').Library} */
export function create() {
  const url = new URL('../tasks.mjs', import.meta.url).href
  const run = makeSynchronous(async (url, name, arg) => (await import(url))[name](arg))
  return { call: (name, arg) => run(url, name, arg) }
}

export const callInline = (fn, arg) => makeSynchronous(fn)(arg)
