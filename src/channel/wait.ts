import { now } from './clock.js'
/*
 * How the two threads sleep and wake without losing a wake-up.
 *
 * Each sleeper owns one word in shared memory. Before it sleeps it stores in that word how much it wants to
 * be woken for, and then looks once more at the counters it waits on. The other side first advances a
 * counter and then looks at the word (`ring`). All four are sequentially consistent atomics, so at least one
 * side sees the other's write: either the sleeper finds the counter advanced and stays awake, or the waker
 * finds the word raised, lowers it and notifies. If that falls between the sleeper's last look and its sleep,
 * the sleep ends at once, because Atomics.wait and Atomics.waitAsync refuse to sleep on a word that no longer
 * holds the expected value.
 *
 * The higher the word, the more its owner wants to hear of; news of rank `r` wakes it if the word is at
 * least `r`. Nobody makes a system call to wake a thread that is awake.
 */

/** What a caller blocked in Atomics.wait wants to be woken for. */
export enum CallerWants {
  Nothing = 0,
  /** A message from a worker. */
  Messages = 1,
  /** Also queue space: a waiting task has started. */
  Space = 2,
}

/** What a worker parked in its event loop wants to be woken for. */
export enum WorkerWants {
  Nothing = 0,
  /** All slots are taken, so a new task can wait until one is free: only cancel, close and the like. */
  Control = 1,
  /** Also new tasks. */
  Tasks = 2,
}

/** Wakes the owner of `words[index]` if it sleeps and wants news of this rank. Call after the news is written. */
export function ring(words: Int32Array, index: number, rank: number): void {
  if (Atomics.load(words, index) >= rank && Atomics.exchange(words, index, 0) !== 0)
    Atomics.notify(words, index)
}

/** In ms: how long to look before going to sleep; about what it costs to park and be woken. */
export const longestSpin = 0.04

/** Looks between two readings of the clock, which takes as long as dozens of them. */
const looksPerReading = 200

/**
 * Looks at a counter for up to `longestSpin`: most answers come sooner than a sleeping thread can be woken. Bounded
 * by time and not by count, since cold code is ten times slower.
 *
 * @returns true as soon as `words[index]` no longer holds `value`; false when the time is up
 */
export function spinWhileEqual(words: Int32Array, index: number, value: number, start: number): boolean {
  do {
    for (let looks = 0; looks < looksPerReading; looks++)
      if (Atomics.load(words, index) !== value) return true
  } while (now() - start < longestSpin)
  return false
}
