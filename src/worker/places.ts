import type { Caller } from './caller.js'

/** A caller that has not come for its place after this, in ms, is taken for dead or busy. */
const longestGrant = 2000

/** Gives the places of a shared queue to the callers that wish for one, in order, and else to whoever takes one. */
export class Places {
  readonly free: Int32Array
  readonly #wishes = new Set<Caller>()
  readonly #granted = new Map<Caller, NodeJS.Timeout>()

  /** @param places - how many are free now */
  constructor(free: Int32Array, places: number) {
    this.free = free
    Atomics.store(free, 0, places)
  }

  wish(caller: Caller): void {
    if (this.#take()) this.#grant(caller)
    else this.#wishes.add(caller)
  }

  /** Its wish, or what was granted and it did not come for. */
  unwish(caller: Caller): void {
    this.#wishes.delete(caller)
    this.#reclaim(caller)
  }

  /** One more is free. Goes past `free` if there is a wish, so that nobody takes it from there in between. */
  release(): void {
    const [first] = this.#wishes
    if (first === undefined || Atomics.load(this.free, 0) < 0) Atomics.add(this.free, 0, 1)
    else this.#grant(first)
  }

  /** Somebody has one who did not ask: a task that was accepted before the last worker died. */
  occupy(): void {
    Atomics.sub(this.free, 0, 1)
  }

  #grant(caller: Caller): void {
    this.#wishes.delete(caller)
    this.#reclaim(caller)
    const timer = setTimeout(() => this.#postpone(caller), longestGrant)
    this.#granted.set(caller, timer.unref())
    caller.grant()
  }

  /** It did not come for its place; it goes to the end of those who wish. */
  #postpone(caller: Caller): void {
    this.#granted.delete(caller)
    if (!caller.takeGrant()) return
    this.#wishes.add(caller)
    this.release()
  }

  #take(): boolean {
    for (let free = Atomics.load(this.free, 0); free > 0; free = Atomics.load(this.free, 0))
      if (Atomics.compareExchange(this.free, 0, free, free - 1) === free) return true
    return false
  }

  #reclaim(caller: Caller): void {
    clearTimeout(this.#granted.get(caller))
    this.#granted.delete(caller)
    if (caller.takeGrant()) this.release()
  }
}
