/* The built package, with the workers that it starts within reach. */
const threads = require('node:worker_threads')
const { join } = require('node:path')

/** Every worker that an executor of this thread has started, oldest first. */
const workers = []
const { Worker } = threads
threads.Worker = class extends Worker {
  constructor(...args) {
    super(...args)
    workers.push(this)
  }
}

// As in Bun and Deno, where posting does not tell whether anybody is there.
if (process.env.APE_NO_PROBE) {
  const { prototype } = threads.MessagePort
  const { postMessage } = prototype
  prototype.postMessage = function (...args) {
    Reflect.apply(postMessage, this, args)
  }
}

// As on systems that show nobody the threads of a process.
if (process.env.APE_NO_THREADS) {
  const fs = require('node:fs')
  const { existsSync } = fs
  fs.existsSync = path => !String(path).startsWith('/proc') && existsSync(path)
}

const dist = process.env.APE_DIST ?? join(__dirname, '../../../dist')
module.exports = { ...require(join(dist, 'index.js')), workers }
