/* A worker is terminated, and neither a port nor the system tells: `hangTimeout` is all that is left. */
const { join } = require('node:path')
const { AsyncPoolExecutor, workers } = require('./package.cjs')

const tasks = join(__dirname, '../fixtures/stalls.mjs')
const executor = new AsyncPoolExecutor({ hangTimeout: 300 })
executor.run(tasks, 'value', [1])
const future = executor.submit(tasks, 'sleep', [2 ** 30])
while (future.state !== 'running') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
workers.at(-1).terminate()
const { code, reason } = future.error()
console.log(JSON.stringify({ code, reason, next: executor.run(tasks, 'value', [2]) }))
