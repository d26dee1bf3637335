/** @param forValue - whether a callback for the value was given: `catch` has none */
export type OnThen = (forValue: boolean) => void

/** A promise that says when somebody waits for it, as `await` and `Promise.all` do through `then`. */
export class ObservedPromise<T> extends Promise<T> {
  #onThen: OnThen | undefined

  /** What is derived from it is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  static create<T>(
    executor: (resolve: (value: T) => void, reject: (reason: unknown) => void) => void,
    onThen: OnThen,
  ): ObservedPromise<T> {
    const promise = new ObservedPromise<T>(executor)
    promise.#onThen = onThen
    return promise
  }

  // biome-ignore lint/suspicious/noThenProperty: it is a promise
  override then<R1 = T, R2 = never>(
    onFulfilled?: ((value: T) => R1 | PromiseLike<R1>) | null,
    onRejected?: ((reason: unknown) => R2 | PromiseLike<R2>) | null,
  ): Promise<R1 | R2> {
    this.#onThen?.(typeof onFulfilled === 'function')
    return super.then(onFulfilled, onRejected)
  }

  /** Calls back when it settles; from then on Node takes a rejection for handled. */
  whenSettled(callback: () => void): void {
    super.then(callback, callback)
  }
}
