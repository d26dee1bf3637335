/** An asynchronous call that waits, in the thread that made it. */
export interface Waiter {
  ticket: number
  previous: Waiter | undefined
  next: Waiter | undefined
  /** Looks, under the latch, whether it can go on; true if it does, or fails. */
  goesOn(ahead: number): boolean
  /** Outside the latch, after that. */
  settle(): void
  /** What others must know of it while it is the first. */
  readonly demand: number | undefined
}

/** The asynchronous waiters of one thread in one line, first come first; any of them can leave at any time. */
export class Waiters {
  #first: Waiter | undefined
  #last: Waiter | undefined
  length = 0

  get first(): Waiter | undefined {
    return this.#first
  }

  push(waiter: Waiter): void {
    waiter.previous = this.#last
    if (this.#last === undefined) this.#first = waiter
    else this.#last.next = waiter
    this.#last = waiter
    this.length++
  }

  /** It must be among them. */
  remove(waiter: Waiter): void {
    const { previous, next } = waiter
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    waiter.previous = undefined
    waiter.next = undefined
    this.length--
  }

  removeAll(): void {
    this.#first = undefined
    this.#last = undefined
    this.length = 0
  }
}
