/*
 * Things in arguments that structured clone cannot carry as what they are: the caller sends data in their place and
 * says where, and the thread that runs the task makes them again.
 */

/** Something in the arguments that is to be made again from its data. */
export interface CarriedValue {
  /** 'callback': a function of the caller's, by its index. 'sync': a primitive in shared memory. */
  kind: 'callback' | 'sync'
  /** From the list of arguments on. */
  path: readonly (string | number)[]
}

/** A kind of such things, as the caller knows it. */
export interface Carrier {
  readonly kind: CarriedValue['kind']
  is(value: object): boolean
  /** What crosses in its place. */
  encode(value: object, task: unknown): unknown
}

/** Empty for nearly everybody: then no argument is looked into. */
export const carriers: Carrier[] = []

export function registerCarrier(carrier: Carrier): void {
  if (!carriers.includes(carrier)) carriers.push(carrier)
}

/** Puts back into arguments what a copy cannot be. */
export function revive(
  args: readonly unknown[],
  carried: readonly CarriedValue[],
  make: (kind: CarriedValue['kind'], data: unknown) => unknown,
): void {
  for (const { kind, path } of carried) {
    const key = path.at(-1) as string | number
    const owner = path.slice(0, -1).reduce<unknown>((value, step) => Reflect.get(value as object, step), args)
    const value = make(kind, Reflect.get(owner as object, key))
    Object.defineProperty(owner, key, { value, configurable: true, enumerable: true, writable: true })
  }
}
