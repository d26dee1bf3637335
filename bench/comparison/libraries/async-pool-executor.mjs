import { AsyncPoolExecutor } from 'async-pool-executor'

export const hasTimeout = true
export const hasLimits = true

const tasks = new URL('../tasks.mjs', import.meta.url)

/** @param {import('./types.mjs').Options} options @returns {import('./types.mjs').Library} */
export function create({ timeout, ...options }) {
  const executor = new AsyncPoolExecutor({ ...options, timeout, hangTimeout: timeout })
  return {
    call: (name, arg) => executor.run(tasks, name, [arg]),
    submit: (name, arg) => executor.submit(tasks, name, [arg]),
    join: () => executor.join(),
  }
}

export const callExport = (url, name, arg) => new AsyncPoolExecutor().run(url, name, [arg])
