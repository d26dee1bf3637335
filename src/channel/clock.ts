/**
 * The monotonic clock in ms, taken when the package is loaded: waits must not depend on one that the fake timers of
 * a test stop later.
 */
export const now: () => number = performance.now.bind(performance)

/** Timers of Node go no further, 24.8 days; a longer timeout is none. In ms. */
export const longestTimer = 2 ** 31 - 1
