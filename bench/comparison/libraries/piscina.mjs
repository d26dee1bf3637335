import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'

export const awaited = true
export const hasTimeout = true
export const hasLimits = true

const filename = fileURLToPath(new URL('../tasks.mjs', import.meta.url))

/** @param {import('./types.mjs').Options} options @returns {import('./types.mjs').Library} */
export function create({ timeout, size, queueSize, resourceLimits }) {
  const pool = new Piscina({
    filename,
    resourceLimits,
    ...(size !== undefined && { minThreads: 1, maxThreads: 1, concurrentTasksPerWorker: size }),
    maxQueue: queueSize,
  })
  const run = (name, arg) =>
    pool.run(arg, { name, ...(timeout !== undefined && { signal: AbortSignal.timeout(timeout) }) })
  return { call: run, submit: run }
}

export const callExport = (url, name, arg) => new Piscina().run(arg, { filename: fileURLToPath(url), name })
