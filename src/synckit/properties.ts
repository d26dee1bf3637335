/** The enumerable properties of an object, its prototypes' included, as a new one; undefined for anything else. */
export function extractProperties(object?: unknown): object | undefined {
  if (typeof object !== 'object' || object === null) return undefined
  const properties: Record<string, unknown> = {}
  for (const key in object) properties[key] = Reflect.get(object, key)
  return properties
}
