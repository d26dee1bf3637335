import { inspect } from 'node:util'

/**
 * A value as one line of JSON. What JSON has no word for becomes what a reader can do most with:
 *
 * | value | JSON |
 * |---|---|
 * | `undefined`, NaN, infinities | `null`; a property that is `undefined` is left out |
 * | BigInt | a string of digits |
 * | Date | its ISO string; `null` if it is invalid |
 * | Map, Set | an array of `[key, value]`, an array of values |
 * | Uint8Array (so also Buffer), ArrayBuffer, DataView | a string of base64 |
 * | other typed arrays | an array of numbers |
 * | RegExp | a string such as `/a+/g` |
 * | Error | see {@link describeError} |
 *
 * @throws {TypeError} for a value that contains itself
 * @throws {RangeError} for one that is nested too deep, or too long for a string
 */
export function toJson(value: unknown): string {
  return JSON.stringify(value, replace) ?? 'null'
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Map || value instanceof Set) return [...value]
  if (value instanceof Error) return describeError(value)
  if (value instanceof RegExp) return String(value)
  if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return base64(new Uint8Array(value))
  if (!ArrayBuffer.isView(value)) return value
  if (value instanceof Uint8Array || value instanceof DataView)
    return base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
  return Array.from(value as unknown as ArrayLike<number>)
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** An error as results show it. */
export interface DescribedError {
  name: string
  message: string
  /** Left out where the error has none, or one that is no string or number. */
  code?: string | number
  stack: string
  cause?: DescribedError
  /** Of an AggregateError. */
  errors?: DescribedError[]
}

/** Causes of causes further down are left out. */
const deepest = 5

/** So many errors of aggregates are described, wherever they are: each of them may have as many again. */
const most = 100

/** @param thrown - what a task threw, which need not be an Error */
export function describeError(thrown: unknown, depth = 0, budget = { left: most }): DescribedError {
  if (!(thrown instanceof Error))
    return describeThrown(depth === 0 ? 'the function threw' : 'it is of', thrown)
  const { name, message, stack, cause } = thrown
  const { code } = thrown as { code?: unknown }
  return {
    name: String(name),
    message: String(message),
    ...((typeof code === 'string' || typeof code === 'number') && { code }),
    stack: typeof stack === 'string' ? stack : `${name}: ${message}`,
    ...(cause instanceof Error && depth < deepest && { cause: describeError(cause, depth + 1, budget) }),
    ...(thrown instanceof AggregateError && { errors: describeErrors(thrown.errors, depth + 1, budget) }),
  }
}

function describeErrors(errors: unknown, depth: number, budget: { left: number }): DescribedError[] {
  const described: DescribedError[] = []
  for (const error of Array.isArray(errors) && depth <= deepest ? errors : [])
    if (budget.left-- > 0) described.push(describeError(error, depth, budget))
  return described
}

function describeThrown(what: string, thrown: unknown): DescribedError {
  const message = `${what} ${inspect(thrown)}, which is not an error`
  return { name: 'Error', message, stack: `Error: ${message}` }
}
