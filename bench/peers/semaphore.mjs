/** What is written by hand in many places: it bounds what runs, and nothing bounds what waits. */
export class Semaphore {
  #free
  #waiting = []
  #given = 0

  /** @param {number} size */
  constructor(size) {
    this.#free = size
  }

  /** @template T @param {() => Promise<T>} fn @returns {Promise<T>} */
  async run(fn) {
    if (this.#free > 0) this.#free--
    else
      await new Promise(resolve => {
        this.#waiting.push(resolve)
      })
    try {
      return await fn()
    } finally {
      if (this.#given < this.#waiting.length) this.#waiting[this.#given++]()
      else this.#free++
    }
  }
}
