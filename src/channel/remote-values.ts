import type { Transferable } from 'node:worker_threads'
import { recordOf } from './cloneable.js'
import { comlink, fromWire, hasHandlers, toWire } from './comlink.js'
import { NotCloneableError } from './errors.js'
import { type Connection, createProxy, originOf } from './remote-proxy.js'
import { Access, Form, moduleNumber, type RemoteResult, type Use, type ValueForm } from './remote-records.js'
import { useObject } from './remote-use.js'
import type { SharedObjects } from './shared-objects.js'
import { isThenable } from './thenable.js'
import { transfer, transferListOf } from './transfer.js'

/** Values as they are sent. */
export interface Encoded {
  readonly values: unknown[]
  forms: ValueForm[] | undefined
  transferList: readonly Transferable[] | undefined
}

/** Where values came from or go to. */
export interface Place {
  /** What messages call it. */
  readonly label: string
}

/**
 * What crosses between two threads that use each other's objects, by comlink's rules: a value marked by
 * `Comlink.proxy` stays where it is, one with a transfer handler goes as what that makes of it, one given to
 * `Comlink.transfer` is moved, and all others are copied.
 */
export class RemoteValues<P extends Place> {
  readonly #objects: SharedObjects<P>
  readonly #connect: (number: number, from: P) => Connection

  /** @param connect - opens a connection to an object of the other thread */
  constructor(objects: SharedObjects<P>, connect: (number: number, from: P) => Connection) {
    this.#objects = objects
    this.#connect = connect
  }

  /**
   * To be followed by `forget` if what is encoded is not sent.
   *
   * @throws {NotCloneableError} for functions that are not marked
   */
  encode(values: readonly unknown[], to: P): Encoded {
    const encoded: Encoded = { values: [...values], forms: undefined, transferList: undefined }
    try {
      for (const [index, value] of values.entries()) {
        this.#encode(encoded, index, value, to)
        if (typeof encoded.values[index] === 'function')
          throw unmarkedFunction(`args[${index}]`, `the arguments of ${to.label}`)
      }
    } catch (error) {
      this.forget(encoded)
      throw error
    }
    return encoded
  }

  forget({ values, forms }: Encoded): void {
    for (const number of sharedIn(values, forms)) this.#objects.forget(number)
  }

  decode(values: readonly unknown[], forms: readonly ValueForm[] | undefined, from: P): unknown[] {
    const decoded = [...values]
    for (const form of forms ?? []) decoded[form[0]] = this.#decode(form, values[form[0]], from)
    return decoded
  }

  decodeResult(result: unknown, from: P): unknown {
    if (!Array.isArray(result)) return result
    const [value, forms] = result as RemoteResult
    return this.decode([value], forms, from)[0]
  }

  /**
   * Does what the other thread asks for. What comes of it is encoded at once if it is there at once.
   *
   * @param find - finds the object; may throw. Called when there are proxies of what came with the values: they tell
   * the other thread when it can forget that.
   */
  answer([access, , path, forms]: Use, values: readonly unknown[], place: P, find: () => unknown): unknown {
    const args = this.decode(values, forms, place)
    const result = useObject(find(), access, path, args)
    const isShared = access === Access.Construct
    // A proxy says of each of its members that it is a promise, and asks the other thread when that is looked at.
    const isLater = (isObject(result) && originOf(result) !== undefined) || isThenable(result)
    if (isLater) return Promise.resolve(result).then(value => this.#encodeResult(value, place, isShared))
    return this.#encodeResult(result, place, isShared)
  }

  #encodeResult(value: unknown, place: P, isShared: boolean): unknown {
    const encoded: Encoded = { values: [value], forms: undefined, transferList: undefined }
    if (isShared) this.#share(encoded, 0, value as object, place)
    else this.#encode(encoded, 0, value, place)
    const { values, forms, transferList } = encoded
    if (typeof values[0] === 'function') throw unmarkedFunction('result', `the result of ${place.label}`)
    const isBare = forms === undefined && !Array.isArray(value)
    const result = isBare ? value : recordOf(values[0], [values[0], forms] satisfies RemoteResult)
    const moved = [...(transferList ?? []), ...(transferListOf(value) ?? [])]
    return moved.length === 0 ? result : transfer(result, moved)
  }

  #encode(encoded: Encoded, index: number, value: unknown, place: P): void {
    if (isObject(value)) {
      const home = this.#homeNumberOf(value)
      if (home !== undefined) {
        put(encoded, home, [index, Form.Returned])
        return
      }
      if (Reflect.get(value, comlink().proxyMarker)) {
        this.#share(encoded, index, value, place)
        return
      }
    }
    if (!isObject(value) && !hasHandlers()) return
    const { wire, transferList } = toWire(value)
    if (wire.type === 'HANDLER') put(encoded, wire.value, [index, Form.Handled, wire.name])
    if (transferList.length > 0) encoded.transferList = [...(encoded.transferList ?? []), ...transferList]
  }

  /** The number of an object of the very thread that the value is sent to. */
  #homeNumberOf(value: object): number | undefined {
    const { connection, path } = originOf(value) ?? {}
    if (connection?.peer !== this || path?.length !== 0 || connection.number === moduleNumber)
      return undefined
    return connection.number
  }

  #share(encoded: Encoded, index: number, object: object, place: P): void {
    put(encoded, this.#objects.share(object, place), [index, Form.Proxied])
  }

  #decode(form: ValueForm, value: unknown, from: P): unknown {
    switch (form[1]) {
      case Form.Proxied:
        return createProxy(this.#connect(value as number, from))
      case Form.Returned:
        return this.#objects.get(value as number).object
      case Form.Handled:
        return fromWire({ type: 'HANDLER', name: form[2], value })
    }
  }
}

/** The numbers of the sender's objects among values as they are sent. */
export function sharedIn(values: readonly unknown[], forms: readonly ValueForm[] | undefined): number[] {
  return (forms ?? []).filter(([, form]) => form === Form.Proxied).map(([index]) => values[index] as number)
}

function put(encoded: Encoded, value: unknown, form: ValueForm): void {
  encoded.values[form[0]] = value
  encoded.forms ??= []
  encoded.forms.push(form)
}

function unmarkedFunction(where: string, whose: string): NotCloneableError {
  return new NotCloneableError(
    `${where} is a function, which cannot be carried between threads (${whose}); Comlink.proxy makes one that is called where it is`,
  )
}

function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
