/**
 * Deadlines of tests are what a quiet machine needs, and some more; a busy one gets this many times as much. Only what
 * hangs ever takes so long.
 */
export const slack = 3
