/*
 * Things in arguments that structured clone cannot carry as what they are: it leaves data of them. The caller says
 * where they are, and the thread that runs the task makes them again of what is left.
 */

/** Something in the arguments that is to be made again of what is left of it. */
export interface CarriedValue {
  /** 'callback': a function of the caller's. 'sync': a primitive in shared memory. */
  kind: 'callback' | 'sync'
  /** From the list of arguments on. */
  path: readonly (string | number)[]
}

/** What is left of a callback. */
export interface CallbackData {
  /** Its index among the callbacks of the task. */
  readonly callback: number
}

/** A kind of such things, as the caller knows it. */
export interface Carrier {
  readonly kind: CarriedValue['kind']
  is(value: object): boolean
  /** Before it is written. */
  prepare?(value: object, task: unknown): void
}

/** Empty for nearly everybody: then no argument is looked into. */
export const carriers: Carrier[] = []

export function registerCarrier(carrier: Carrier): void {
  if (!carriers.includes(carrier)) carriers.push(carrier)
}

/** Puts back into arguments what a copy cannot be. What stands in several places is one there, too. */
export function revive(
  args: readonly unknown[],
  carried: readonly CarriedValue[],
  make: (kind: CarriedValue['kind'], left: unknown) => unknown,
): void {
  const made = new Map<unknown, unknown>()
  for (const { kind, path } of carried) {
    const key = path.at(-1) as string | number
    const owner = path.slice(0, -1).reduce<unknown>((value, step) => Reflect.get(value as object, step), args)
    const left: unknown = Reflect.get(owner as object, key)
    const value = made.get(left) ?? make(kind, left)
    made.set(left, value)
    Object.defineProperty(owner, key, { value, configurable: true, enumerable: true, writable: true })
  }
}
