/*
 * What crosses the channel for `remote()`: what is done to objects of the other thread, and how values go with it.
 */

/** What can be done to an object of the other thread. */
export enum Access {
  Get,
  Set,
  Call,
  Construct,
}

/** The number that stands for the module itself; objects count from 1. */
export const moduleNumber = 0

/** What is done to which object. Follows the values that go with it, so that they stand where their user put them. */
export type Use = [
  access: Access,
  object: number,
  /** From the object to the member that is meant. */
  path: readonly string[],
  forms: readonly ValueForm[] | undefined,
]

export enum Form {
  /** An object of the sender's, by its number: the receiver gets a proxy. */
  Proxied,
  /** An object of the receiver's, by its number: it comes home as itself. */
  Returned,
  /** What one of comlink's transfer handlers made of the value. */
  Handled,
}

/** How the value at `index` is to be read that is not simply a copy. */
export type ValueForm =
  | [index: number, form: Form.Proxied | Form.Returned]
  | [index: number, form: Form.Handled, handler: string]

/** A result that is not simply a copy, or is an array: of a value alone nobody could tell which it is. */
export type RemoteResult = [value: unknown, forms: readonly ValueForm[] | undefined]
