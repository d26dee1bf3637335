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

const dist = process.env.APE_DIST ?? join(__dirname, '../../../dist')
module.exports = { ...require(join(dist, 'index.js')), workers }
