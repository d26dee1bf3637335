import type { Transferable } from 'node:worker_threads'
import { invalidType } from './validate.js'

/** What goes along with a value instead of being copied; the value itself is not touched. */
const lists = new WeakMap<object, readonly Transferable[]>()

/**
 * In a task: hands a result, or an item of a stream, over without copying what `list` names. What has been moved is
 * unusable in the worker afterwards.
 *
 * @param value - an object that contains, or is, what `list` names
 * @param list - ArrayBuffers, MessagePorts and the like
 * @returns `value` itself
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @example
 * import { transfer } from 'async-pool-executor/task'
 *
 * export async function load(path) {
 *   const { buffer } = await readFile(path)
 *   return transfer(buffer, [buffer])
 * }
 */
export function transfer<T>(value: T, list: readonly Transferable[]): T {
  if (!Array.isArray(list)) throw invalidType('list', 'an array of transferable objects', list)
  const isObject = (typeof value === 'object' && value !== null) || typeof value === 'function'
  if (!isObject) throw invalidType('value', 'an object that contains what is transferred', value)
  lists.set(value, [...list])
  return value
}

export function transferListOf(value: unknown): readonly Transferable[] | undefined {
  return typeof value === 'object' && value !== null ? lists.get(value) : undefined
}
