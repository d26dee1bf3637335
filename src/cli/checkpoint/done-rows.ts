/** From the first row to the one before the second. */
export type Range = readonly [from: number, to: number]

/**
 * Which rows are done. Rows are done roughly in order, so these are few ranges: the first reaches from row 0 to
 * `next`, and the others are what has overtaken slower rows.
 */
export class DoneRows {
  /** All rows below are done, and this one is not. */
  next = 0
  /** Both ends of the ranges beyond `next`: neighbours are found, and merged, without a search. */
  readonly #ends = new Map<number, number>()
  readonly #starts = new Map<number, number>()

  constructor(next = 0, ranges: readonly Range[] = []) {
    this.next = next
    for (const [from, to] of ranges) this.#insert(from, to)
  }

  add(index: number): void {
    if (index < this.next) return
    const from = this.#starts.get(index) ?? index
    const to = this.#ends.get(index + 1) ?? index + 1
    this.#starts.delete(index)
    this.#ends.delete(index + 1)
    if (from !== this.next) this.#insert(from, to)
    else {
      this.next = to
      this.#starts.delete(to)
    }
  }

  /** Beyond `next`, in order. */
  ranges(): Range[] {
    return [...this.#ends].sort(([one], [other]) => one - other)
  }

  #insert(from: number, to: number): void {
    this.#ends.set(from, to)
    this.#starts.set(to, from)
  }
}

/** Tells for rows, asked for in order, whether they were done earlier. */
export class EarlierRows {
  readonly #next: number
  readonly #ranges: readonly Range[]
  #position = 0

  /** @param ranges - in order */
  constructor(next = 0, ranges: readonly Range[] = []) {
    this.#next = next
    this.#ranges = ranges
  }

  has(index: number): boolean {
    if (index < this.#next) return true
    let range = this.#ranges[this.#position]
    while (range !== undefined && range[1] <= index) range = this.#ranges[++this.#position]
    return range !== undefined && range[0] <= index
  }
}
