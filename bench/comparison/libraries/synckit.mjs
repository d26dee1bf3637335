import { fileURLToPath } from 'node:url'
import { createSyncFn } from 'synckit'

export const hasTimeout = true
export const hasLimits = false

/** @param {import('./types.mjs').Options} options @returns {import('./types.mjs').Library} */
export function create({ timeout }) {
  const worker = fileURLToPath(new URL('./synckit-worker.mjs', import.meta.url))
  return { call: createSyncFn(worker, { timeout }) }
}

export const callExport = (url, _name, arg) => createSyncFn(fileURLToPath(url))(arg)
