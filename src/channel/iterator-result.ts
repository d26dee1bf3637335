/**
 * What `for` refuses, too: that has neither an end nor a value, and so whoever went on with it would never end.
 *
 * @param result - what the `next` of an iterator gave
 * @throws {TypeError} as the engine does
 */
export function checkIteratorResult(result: unknown): void {
  const isObject = (typeof result === 'object' && result !== null) || typeof result === 'function'
  if (!isObject) throw new TypeError(`Iterator result ${String(result)} is not an object`)
}
