/* `node many-child.cjs <case>`: executors by the dozen, in threads and in processes. */
const assert = require('node:assert/strict')
const cluster = require('node:cluster')
const { once } = require('node:events')
const { join } = require('node:path')
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads')
const pool = require('../../..')

const module_ = join(__dirname, '../fixtures/identity.mjs')
const create = options => new pool.AsyncPoolExecutor(options)

function useExecutors(count, calls) {
  const executors = Array.from({ length: count }, (_, index) => create({ size: 2, name: `number ${index}` }))
  const futures = []
  for (let call = 0; call < calls; call++)
    for (const executor of executors) futures.push(executor.submit(module_, 'identityLater', [call]))
  const { done } = pool.wait(futures)
  assert.equal(done.size, count * calls)
  for (const [index, future] of futures.entries()) assert.equal(future.result(), Math.floor(index / count))
  assert.equal(new Set(pool.asCompleted(futures)).size, count * calls)
  return count * calls
}

const cases = {
  two: () => useExecutors(2, 500),
  twenty: () => useExecutors(20, 25),
  threads: async () => {
    const threads = Array.from({ length: 4 }, () => new Worker(__filename, { workerData: 'in a thread' }))
    const answers = await Promise.all(threads.map(thread => once(thread, 'message')))
    return answers.reduce((sum, [calls]) => sum + calls, 0)
  },
  cluster: async () => {
    if (!cluster.isPrimary) {
      const calls = useExecutors(1, 100)
      create().submit(module_, 'identityLater', [0]) // drained when the process of the cluster ends
      process.send(calls, () => process.disconnect())
      return calls
    }
    const processes = Array.from({ length: 3 }, () => cluster.fork())
    const ends = processes.map(child => once(child, 'exit'))
    const answers = await Promise.all(processes.map(child => once(child, 'message')))
    for (const [code] of await Promise.all(ends)) assert.equal(code, 0)
    return answers.reduce((sum, [calls]) => sum + calls, 0)
  },
}

if (!isMainThread && workerData === 'in a thread') parentPort.postMessage(useExecutors(2, 50))
else
  Promise.resolve(cases[process.argv[2]]()).then(calls => {
    if (cluster.isPrimary) console.log(JSON.stringify({ calls }))
  })
