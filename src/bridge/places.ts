import { Request } from '../channel/records.js'
import type { Commons } from '../channel/sharing.js'
import { Word } from '../channel/words.js'

/** Sends the worker a wish, or takes one back. */
type Post = (message: [Request.Wish] | [Request.Forfeit, places: number]) => void

/**
 * How one caller of a shared executor comes by places in the common queue: it takes a free one, or wishes for one. The
 * worker grants wishes in the order of their arrival, and offers free places only while there is no wish, so nobody
 * overtakes a caller that waits.
 *
 * The wait is for `Grant`. The worker writes it and then rings the caller's bell, or sends the message that
 * `SpaceAwaited` asks for; the caller looks at it after it has raised its own word (channel/wait.ts). Whoever lowers
 * `Grant`, in one atomic step, has the place: the caller, or the worker if the caller does not come for it. If the
 * worker dies the wish dies with it, and the caller wishes anew from the next.
 */
export class SharedPlaces {
  readonly #words: Int32Array
  readonly #free: Int32Array
  readonly #post: Post
  /** This caller has one and has not used it. */
  #hasPlace = false
  #isWishing = false

  constructor(words: Int32Array, { free }: Commons, post: Post) {
    this.#words = words
    this.#free = free
    this.#post = post
  }

  /** `reserve` would probably give a place. */
  get isLikely(): boolean {
    return this.#hasPlace || Atomics.load(this.#words, Word.Grant) === 1 || Atomics.load(this.#free, 0) > 0
  }

  /** True if there is a place for this caller now, which is kept for the next task that it sends. */
  reserve(): boolean {
    if (!this.#hasPlace) this.#hasPlace = this.#claim() || (!this.#isWishing && this.#take())
    return this.#hasPlace
  }

  /** The task that is being sent has it. */
  use(): void {
    this.#hasPlace = false
  }

  /** The task was not sent after all. */
  giveBack(): void {
    this.#post([Request.Forfeit, 1])
  }

  wish(): void {
    if (this.#isWishing || this.#hasPlace) return
    this.#isWishing = true
    this.#post([Request.Wish])
  }

  unwish(): void {
    if (this.#hasPlace) this.giveBack()
    else if (this.#isWishing) this.#post([Request.Forfeit, 0])
    this.#hasPlace = false
    this.#isWishing = false
  }

  #claim(): boolean {
    if (Atomics.load(this.#words, Word.Grant) === 0 || Atomics.exchange(this.#words, Word.Grant, 0) === 0)
      return false
    this.#isWishing = false
    return true
  }

  #take(): boolean {
    for (let free = Atomics.load(this.#free, 0); free > 0; free = Atomics.load(this.#free, 0))
      if (Atomics.compareExchange(this.#free, 0, free, free - 1) === free) return true
    return false
  }
}
