import { makeInlineFunctionSynchronized, makeModuleSynchronized } from 'make-synchronized'

export const hasTimeout = false
export const hasLimits = false

/** @returns {import('./types.mjs').Library} */
export function create() {
  const tasks = makeModuleSynchronized(new URL('../tasks.mjs', import.meta.url))
  return { call: (name, arg) => tasks[name](arg) }
}

export const callExport = (url, name, arg) => makeModuleSynchronized(url)[name](arg)
export const callInline = (fn, arg) => makeInlineFunctionSynchronized(fn)(arg)
