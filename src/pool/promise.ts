/** Told what becomes of a promise. */
export interface PromiseObserver {
  /** Somebody has given it a callback. */
  onThen?(): void
  /** Somebody awaits it, or what was derived from it. */
  onAwait?(): void
}

type Executor<T> = (resolve: (value: T | PromiseLike<T>) => void, reject: (reason: unknown) => void) => void

/** A promise that says when somebody waits for it. */
export class ObservedPromise<T> extends Promise<T> {
  #observer: PromiseObserver | undefined

  /** What is derived from it by the methods of Promise is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  static create<T>(executor: Executor<T>, observer: PromiseObserver): ObservedPromise<T> {
    const promise = new ObservedPromise<T>(executor)
    promise.#observer = observer
    return promise
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  override then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    this.#observer?.onThen?.()
    const derived = super.then(onFulfilled, onRejected)
    const onAwait = this.#observer?.onAwait
    if (onAwait === undefined) return derived
    if (!isOfEngine(onFulfilled)) return this.#follow(derived)
    onAwait()
    return derived
  }

  /** Its callbacks would be the engine's, too. */
  override finally(onFinally?: (() => void) | null): Promise<T> {
    this.#observer?.onThen?.()
    return this.#follow(super.then().finally(onFinally))
  }

  /** Calls back when it settles; from then on Node takes a rejection for handled. */
  whenSettled(callback: () => void): void {
    super.then(callback, callback)
  }

  #follow<R>(derived: Promise<R>): Promise<R> {
    const onAwait = this.#observer?.onAwait
    return onAwait === undefined ? derived : ObservedPromise.create(resolve => resolve(derived), { onAwait })
  }
}

const sourceOf = Function.prototype.toString

/** How the engine prints functions of its own that have no name. */
let sourceOfEngine = ''
new Promise(resolve => {
  sourceOfEngine = sourceOf.call(resolve)
})

/**
 * `await`, `Promise.all`, and promises that are resolved with another one call `then` with functions of the engine. A
 * callback of the user's says less: whoever gave it goes on, unless the promise that it was exchanged for is awaited.
 */
function isOfEngine(callback: unknown): boolean {
  return typeof callback === 'function' && callback.name === '' && sourceOf.call(callback) === sourceOfEngine
}
