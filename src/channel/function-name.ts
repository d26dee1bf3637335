/**
 * What a function calls itself; '' if it does not say so in a string. Of a proxy of another thread's function the name
 * is a proxy too, which must not be turned into text: that would be a call there, whose failure nobody awaits.
 */
export function functionName(fn: object): string {
  try {
    const name: unknown = Reflect.get(fn, 'name')
    return typeof name === 'string' ? name : ''
  } catch {
    return '' // a getter, or a proxy that has been released
  }
}
