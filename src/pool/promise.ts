/** @param forValue - whether it is the value that is waited for: `catch` and `finally` do not, what they return may */
export type OnThen = (forValue: boolean) => void

/** A promise that says when somebody waits for it, as `await` and `Promise.all` do through `then`. */
export class ObservedPromise<T> extends Promise<T> {
  #onThen: OnThen | undefined

  /** What is derived from it by the methods of Promise is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  static create<T>(
    executor: (resolve: (value: T | PromiseLike<T>) => void, reject: (reason: unknown) => void) => void,
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
    const forValue = typeof onFulfilled === 'function'
    this.#onThen?.(forValue)
    const derived = super.then(onFulfilled, onRejected)
    return forValue ? derived : this.#observeToo(derived)
  }

  override finally(onFinally?: (() => void) | null): Promise<T> {
    this.#onThen?.(false)
    return this.#observeToo(super.then().finally(onFinally))
  }

  /** Calls back when it settles; from then on Node takes a rejection for handled. */
  whenSettled(callback: () => void): void {
    super.then(callback, callback)
  }

  #observeToo<R>(derived: Promise<R>): Promise<R> {
    return this.#onThen === undefined
      ? derived
      : ObservedPromise.create(resolve => resolve(derived), this.#onThen)
  }
}
