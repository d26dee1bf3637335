import { comlink } from './comlink.js'

/** An object that the other thread has proxies of. */
export interface SharedObject<P> {
  readonly object: object
  /** What it was given to, or came from. */
  readonly place: P
}

export interface SharedObjectsOptions {
  /** Numbers count up from here. */
  last: number
  /** Runs code of users that may throw. */
  isolate(code: () => void): void
  /** Why there is no object of that number. */
  missing(number: number): Error
}

/** The objects of this thread that the other one has proxies of, by number. */
export class SharedObjects<P> {
  readonly #options: SharedObjectsOptions
  readonly #shared = new Map<number, SharedObject<P>>()
  #last: number

  constructor(options: SharedObjectsOptions) {
    this.#options = options
    this.#last = options.last
  }

  /** However often an object is shared, it is dropped as often. */
  share(object: object, place: P): number {
    this.#shared.set(++this.#last, { object, place })
    return this.#last
  }

  find(number: number): SharedObject<P> | undefined {
    return this.#shared.get(number)
  }

  get(number: number): SharedObject<P> {
    const shared = this.#shared.get(number)
    if (shared === undefined) throw this.#options.missing(number)
    return shared
  }

  /** Takes a `share` back that the other thread has not heard of. */
  forget(number: number): void {
    this.#shared.delete(number)
  }

  /** The other thread has no proxy of it any more. Calls the object's `Comlink.finalizer`. */
  drop(number: number): void {
    const object = this.#shared.get(number)?.object
    if (object === undefined) return
    this.#shared.delete(number)
    this.#options.isolate(() => {
      const finalize: unknown = Reflect.get(object, comlink().finalizer)
      if (typeof finalize === 'function') Reflect.apply(finalize, object, [])
    })
  }

  dropAllBut(kept: ReadonlySet<number>): void {
    for (const number of [...this.#shared.keys()]) if (!kept.has(number)) this.drop(number)
  }
}
