import type { Entry } from './entry.js'

/** Decides when an outcome may be written. */
export interface Order {
  /** All rows below this have been handed on, in an order that is kept. */
  readonly next: number
  /** Takes an outcome and gives those that may be written now. */
  add(entry: Entry): readonly Entry[]
  /** What is held back for those before it. */
  held(): Entry[]
  /** Whether a further row may be started: what it would hold back has a limit. */
  hasRoom(index: number): boolean
}

/** Outcomes are written as they come. */
export class AnyOrder implements Order {
  readonly next = 0

  add(entry: Entry): readonly Entry[] {
    return [entry]
  }

  held(): Entry[] {
    return []
  }

  hasRoom(): boolean {
    return true
  }
}

/** So many rows, and so many characters of them, may be held back before reading pauses. */
const mostHeld = 10_000
const mostHeldCharacters = 2 ** 25

/** Outcomes are written in the order of their rows. */
export class InputOrder implements Order {
  next: number
  readonly #held = new Map<number, Entry>()
  #characters = 0

  constructor(next: number) {
    this.next = next
  }

  add(entry: Entry): readonly Entry[] {
    this.#held.set(entry.index, entry)
    this.#characters += lengthOf(entry)
    const ready: Entry[] = []
    for (let first = this.#held.get(this.next); first !== undefined; first = this.#held.get(this.next)) {
      this.#held.delete(this.next++)
      this.#characters -= lengthOf(first)
      ready.push(first)
    }
    return ready
  }

  held(): Entry[] {
    return [...this.#held.values()].sort((one, other) => one.index - other.index)
  }

  /** The first row is always let in: it is what the others wait for. */
  hasRoom(index: number): boolean {
    return index === this.next || (index - this.next < mostHeld && this.#characters < mostHeldCharacters)
  }
}

function lengthOf({ line }: Entry): number {
  return line?.length ?? 0
}

/** @param next - with `isKept`: all rows below have been handed on by an earlier run */
export function createOrder(isKept: boolean, next: number): Order {
  return isKept ? new InputOrder(next) : new AnyOrder()
}
