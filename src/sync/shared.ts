import { type Carrier, registerCarrier } from '../channel/carriers.js'
import { checkOptions } from '../channel/options.js'
import { adoptDeathTable, deathTable, isDeathTable, isSharedMemory } from '../channel/threads.js'
import { checkMilliseconds, invalidType } from '../channel/validate.js'
import { createWords, wordsBeforeItems } from './layout.js'
import type { AsyncWaitOptions } from './waiting.js'

/**
 * What a primitive is made of, as plain data: it may be sent to any thread of the process, in a message or as an
 * argument, and stays the same memory. `from` makes a primitive of it there.
 */
export interface Shared<Kind extends string> {
  readonly kind: Kind
  readonly words: Int32Array
  /** Who has ended: the table of the thread that made the primitive. */
  readonly deaths: Int32Array
}

export function createShared<Kind extends string>(kind: Kind, lines: number, itemWords = 0): Shared<Kind> {
  return { kind, words: createWords(lines, itemWords), deaths: deathTable() }
}

/** A primitive, or what a message leaves of one, or its `shared`. */
export type SharedBy<S> = S | { readonly shared: S }

/**
 * For primitives that arrive in this thread.
 *
 * @throws {TypeError} ERR_INVALID_ARG_TYPE if the value is not of this kind
 */
export function checkShared<S extends Shared<string>>(kind: S['kind'], lines: number, value: unknown): S {
  const shared = typeof value === 'object' && value !== null && 'shared' in value ? value.shared : value
  if (!isShared(kind, lines, shared))
    throw invalidType('shared', `a ${kind}, or its property 'shared'`, value)
  adoptDeathTable(shared.deaths)
  return shared as S
}

/** True for what a constructor got instead of options. */
export function hasKind(value: unknown): value is Shared<string> {
  return typeof value === 'object' && value !== null && 'kind' in value && 'words' in value
}

/** Known by where they were made: users' objects may have a property `shared` too, and getters that throw. */
const primitives = new WeakSet<object>()

/** In arguments of tasks: a copy has no class any more. */
const carrier: Carrier = {
  kind: 'sync',
  is: value => primitives.has(value),
}

/** For constructors: from here on it arrives in tasks as what it is. */
export function carryInArguments(primitive: object): void {
  primitives.add(primitive)
  registerCarrier(carrier)
}

function isShared(kind: string, lines: number, value: unknown): value is Shared<string> {
  if (!hasKind(value) || value.kind !== kind) return false
  const { words, deaths } = value
  return isSharedMemory(words) && words.length >= wordsBeforeItems(lines) && isDeathTable(deaths)
}

/**
 * @returns what was checked
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 * @throws {RangeError} ERR_OUT_OF_RANGE
 */
export function checkAsyncWaitOptions(options: AsyncWaitOptions): AsyncWaitOptions {
  return checkOptions(options, { timeout: checkMilliseconds, signal: checkSignal })
}

export function checkSignal(what: string, value: unknown): void {
  if (!(value instanceof AbortSignal)) throw invalidType(what, 'an AbortSignal', value)
}
