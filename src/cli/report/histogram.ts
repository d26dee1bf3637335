/** Times below this, in ms, fall in the first bucket. */
const finest = 1 / 16

/** So many buckets double the time; of those that are shown, fewer do. */
const perDoubling = 24
const shownPerDoubling = 3

export interface Distribution {
  count: number
  mean: number
  most: number
  p50: number
  p90: number
  p95: number
  p99: number
  /** From the first that has something to the last, with where each ends, in ms. Three of them double the time. */
  buckets: { to: number; count: number }[]
}

/** How a time is distributed, in a memory that does not grow: exact to 3 %. */
export class Histogram {
  readonly #buckets: number[] = []
  #count = 0
  #sum = 0
  #most = 0

  add(ms: number): void {
    const bucket = ms < finest ? 0 : 1 + Math.floor(perDoubling * Math.log2(ms / finest))
    while (this.#buckets.length <= bucket) this.#buckets.push(0)
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1
    this.#count++
    this.#sum += ms
    this.#most = Math.max(this.#most, ms)
  }

  distribution(): Distribution {
    return {
      count: this.#count,
      mean: this.#count === 0 ? 0 : this.#sum / this.#count,
      most: this.#most,
      p50: this.#quantile(0.5),
      p90: this.#quantile(0.9),
      p95: this.#quantile(0.95),
      p99: this.#quantile(0.99),
      buckets: this.#shown(),
    }
  }

  #shown(): { to: number; count: number }[] {
    const merged = perDoubling / shownPerDoubling
    const shown: { to: number; count: number }[] = []
    for (const [bucket, count] of this.#buckets.entries()) {
      const position = Math.ceil(bucket / merged)
      shown[position] ??= { to: endOf(position * merged), count: 0 }
      shown[position].count += count
    }
    return shown.slice(
      Math.max(
        0,
        shown.findIndex(({ count }) => count > 0),
      ),
    )
  }

  /** The end of the bucket in which it lies, but nothing that never was. */
  #quantile(fraction: number): number {
    let below = 0
    for (const [bucket, count] of this.#buckets.entries()) {
      below += count
      if (below > 0 && below >= this.#count * fraction) return Math.min(endOf(bucket), this.#most)
    }
    return 0
  }
}

function endOf(bucket: number): number {
  return finest * 2 ** (bucket / perDoubling)
}
