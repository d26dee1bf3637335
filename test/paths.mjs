import { fileURLToPath } from 'node:url'

export const fixtures = new URL('fixtures/', import.meta.url)
export const tasks = fileURLToPath(new URL('tasks.mjs', fixtures))
export const root = fileURLToPath(new URL('..', import.meta.url))

/** @param {string} name a file in fixtures/ */
export function fixture(name) {
  return fileURLToPath(new URL(name, fixtures))
}
