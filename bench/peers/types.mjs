/**
 * A library that lets synchronous code wait for async code.
 *
 * @typedef {object} BlockingPeer
 * @property {(value: number) => number} echo runs an async function in another thread and blocks for what it returns
 * @property {() => unknown} close
 */

/**
 * A library that takes in tasks without waiting for each.
 *
 * @typedef {object} SubmittingPeer
 * @property {(count: number) => void | Promise<unknown>} submitAll hands over so many tasks and waits until all are done
 * @property {() => unknown} close
 */

export {}
