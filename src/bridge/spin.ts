import { availableParallelism } from 'node:os'
import { now } from '../channel/clock.js'
import { spinWhileEqual } from '../channel/wait.js'
import { Word } from '../channel/words.js'

/** With one core the other side cannot run while this one spins. */
const canSpin = availableParallelism() > 1

/** An answer that takes longer than this, in ms, would have come as soon to a sleeping thread. */
const worthwhile = 0.015

/** So many useless spins in a row end spinning for a while. */
const patience = 8

/** How long spinning is tried, and how long it rests when it was no use: at first, and at most. In ms. */
const trial = 20
const firstRest = 50
const longestRest = 400

/**
 * Decides for both sides of a channel whether to spin before sleeping.
 *
 * With a core for each thread a call takes 3 µs that way. But often the system runs both on the same core, for a
 * while or because it has nothing else to offer, and then a spin only keeps the other side from answering: 100 µs a
 * call, where parking at once takes 17. That shows as answers that come late or not at all. Then both sides park
 * at once, and now and then spin for long enough that the scheduler sees two busy threads and may part them.
 */
export class Spin {
  readonly #words: Int32Array
  /** Spins in a row that were no use. */
  #useless = 0
  #resting = false
  /** When the rest, or the trial after it, is over. */
  #phaseEnd = 0
  #rest = firstRest

  constructor(words: Int32Array) {
    this.#words = words
    if (canSpin) Atomics.store(words, Word.Spinning, 1)
  }

  /** True as soon as `words[index]` no longer holds `value`; false when it is time to sleep. */
  whileEqual(index: Word, value: number): boolean {
    if (!canSpin) return Atomics.load(this.#words, index) !== value
    const start = now()
    if (this.#useless >= patience && !this.#mayTry(start)) return Atomics.load(this.#words, index) !== value
    const changed = spinWhileEqual(this.#words, index, value, start)
    if (changed && now() - start < worthwhile) {
      this.#useless = 0
      this.#rest = firstRest
    } else this.#useless++
    return changed
  }

  /** Rests and trials take turns, and rests grow longer, until a spin is of use again. */
  #mayTry(now: number): boolean {
    if (now >= this.#phaseEnd) {
      this.#resting = !this.#resting
      this.#phaseEnd = now + (this.#resting ? this.#rest : trial)
      if (this.#resting) this.#rest = Math.min(this.#rest * 2, longestRest)
      Atomics.store(this.#words, Word.Spinning, this.#resting ? 0 : 1)
    }
    return !this.#resting
  }
}
