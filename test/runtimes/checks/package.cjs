const { join } = require('node:path')

/** The package as built, with the workers that it starts, and what checks of it share. */
const pool = require('../../faults/support/package.cjs')

const tasks = './tasks.mjs'
const base = join(__dirname, 'package.cjs')

module.exports = {
  pool,
  tasks,
  base,
  died: { name: 'WorkerDiedError', code: 'ERR_WORKER_DIED' },
  create: options => new pool.AsyncPoolExecutor({ base, ...options }),
  sharedWords: () => new Int32Array(new SharedArrayBuffer(8)),
  /** Blocks until a task has raised the word. */
  awaitWord(words, index) {
    if (Atomics.wait(words, index, 0, 10_000) === 'timed-out')
      throw new Error(`word ${index} was never raised`)
  },
}
