// Taken when the package is loaded: waits must not depend on a clock that the fake timers of a test stop later.
const { hrtime } = process

/** A monotonic clock in ms, the same in all threads. */
export const now: () => number = 'Bun' in globalThis || 'Deno' in globalThis ? sinceOrigin() : sinceBoot

/** Not `performance.now()`: to touch `performance` loads ten modules of Node, 0.6 ms of a worker's start. */
function sinceBoot(): number {
  const [seconds, nanoseconds] = hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

/** Elsewhere `process.hrtime()` counts from the start of each thread. */
function sinceOrigin(): () => number {
  const { timeOrigin } = performance
  const sinceStart = performance.now.bind(performance)
  return () => timeOrigin + sinceStart()
}

/** Timers of Node go no further, 24.8 days; a longer timeout is none. In ms. */
export const longestTimer = 2 ** 31 - 1
