// Taken when the package is loaded: waits must not depend on a clock that the fake timers of a test stop later.
const { hrtime } = process

/**
 * The system's monotonic clock in ms, which is the same in all threads. Not `performance.now()`: that counts from the
 * start of each thread, and to touch `performance` loads ten modules of Node, 0.6 ms of a worker's start.
 */
export function now(): number {
  const [seconds, nanoseconds] = hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

/** Timers of Node go no further, 24.8 days; a longer timeout is none. In ms. */
export const longestTimer = 2 ** 31 - 1
