/**
 * How a library runs a function of `tasks.mjs`. What a library cannot do is left out.
 *
 * @typedef {object} Library
 * @property {(name: string, arg?: unknown) => unknown} call hands over a task and waits for what it returns
 * @property {(name: string, arg?: unknown) => unknown} [submit] hands over a task without waiting for it
 * @property {() => unknown} [join] waits for what has been submitted
 */

/**
 * @typedef {object} Options
 * @property {number} [timeout] ms for a call; only where the library `hasTimeout`
 * @property {number} [size] tasks at once
 * @property {number} [queueSize] tasks waiting
 * @property {import('node:worker_threads').ResourceLimits} [resourceLimits]
 */

/**
 * @typedef {object} LibraryModule
 * @property {boolean} [awaited] calls return promises: synchronous code has nothing to wait with
 * @property {boolean} hasTimeout for a call
 * @property {boolean} hasLimits takes `resourceLimits`
 * @property {(options: Options) => Library} create
 * @property {(url: URL, name: string, arg: unknown) => unknown} callExport of any module
 * @property {(fn: Function, arg: unknown) => unknown} [callInline]
 */

export {}
