import { timerAfter } from './timer.js'

/** Those who wait until a pool has nothing to do. */
export class IdleObservers {
  readonly #observers = new Set<() => void>()

  /** To be called whenever the pool has nothing to do; that is the one place where the last task, or call, leaves. */
  notify(): void {
    if (this.#observers.size === 0) return
    for (const observer of [...this.#observers]) observer()
  }

  /** Resolves at the next `notify`, or with false after `timeout` ms. */
  wait(timeout: number | undefined): Promise<boolean> {
    return new Promise(resolve => {
      const finish = (isIdle: boolean) => {
        clearTimeout(timer)
        this.#observers.delete(onIdle)
        resolve(isIdle)
      }
      const onIdle = () => finish(true)
      const timer = timeout === undefined ? undefined : timerAfter(timeout, () => finish(false))
      this.#observers.add(onIdle)
    })
  }
}
