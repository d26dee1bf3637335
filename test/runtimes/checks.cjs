/*
 * `<runtime> checks.cjs <name>` runs one check in a process of its own and ends with the exit code that `codes` says,
 * by default 0. It works with any test runner or none, and in any runtime.
 */
const assert = require('node:assert/strict')
const threads = require('node:worker_threads')

const { Worker } = threads
const workers = []
threads.Worker = class extends Worker {
  constructor(...args) {
    super(...args)
    workers.push(this)
  }
}
const pool = require('../..')

const tasks = './tasks.mjs'
const sharedWords = () => new Int32Array(new SharedArrayBuffer(8))
const create = options => new pool.AsyncPoolExecutor({ base: __filename, ...options })
const died = { name: 'WorkerDiedError', code: 'ERR_WORKER_DIED' }

/** The worker dies in one task; the caller hears of it, and the next task finds a new worker. */
function deathBy(how, options, expected) {
  const executor = create(options)
  const future = executor.submit(tasks, 'die', [how])
  assert.throws(() => future.result(10_000), { ...died, ...expected })
  assert.equal(executor.submit(tasks, 'identity', [2]).result(10_000), 2)
  assert.equal(executor.stats().restarts, 1)
}

const checks = {
  run: () => assert.equal(create().run(tasks, 'identity', [42]), 42),
  'submit and result': () => {
    const futures = Array.from({ length: 50 }, (_, index) => create.one.submit(tasks, 'identity', [index]))
    assert.deepEqual(
      futures.map(future => future.result()),
      [...futures.keys()],
    )
  },
  backpressure: () => {
    const words = sharedWords()
    const executor = create({ size: 3, queueSize: 2 })
    for (let index = 0; index < 30; index++) {
      executor.submit(tasks, 'crowd', [words])
      assert.ok(executor.stats().queued <= 2)
    }
    assert.equal(executor.join(10_000), true)
    assert.equal(words[1], 3)
  },
  map: () => assert.deepEqual([...create().map(tasks, 'identity', [1, 2, 3])], [1, 2, 3]),
  'wait and asCompleted': () => {
    const executor = create()
    const futures = [40, 1].map(ms => executor.submit(tasks, 'wait', [ms]))
    assert.deepEqual(
      [...pool.asCompleted(futures)].map(future => future.result()),
      [1, 40],
    )
    assert.equal(pool.wait(futures).pending.size, 0)
  },
  values: () => {
    const value = {
      map: new Map([[1, new Set([2])]]),
      date: new Date(0),
      big: 2n,
      bytes: new Uint8Array([1, 2]),
    }
    assert.deepEqual(create().run(tasks, 'identity', [value]), value)
  },
  errors: () =>
    assert.throws(
      () => create().run(tasks, 'fails'),
      error => error instanceof RangeError && error.code === 'ERR_NO' && error.cause.message === 'why',
    ),
  'missing function': () =>
    assert.throws(() => create().run(tasks, 'nothing'), { code: 'ERR_TASK_NOT_FOUND', message: /identity/ }),
  'missing module': () => assert.throws(() => create().run('./not-there.mjs', 'f'), /not-there/),
  'uncloneable argument': () =>
    assert.throws(() => create().run(tasks, 'identity', [() => 1]), { code: 'ERR_NOT_CLONEABLE' }),
  'CommonJS task': () => assert.equal(create().run('./tasks.cjs', 'twice', [21]), 42),
  builtin: () => assert.equal(create().run('node:path', 'basename', ['/a/b']), 'b'),
  'import and require are one': async () => {
    const imported = await import('../../dist/index.mjs')
    assert.equal(imported.AsyncPoolExecutor, pool.AsyncPoolExecutor)
    assert.equal(new imported.AsyncPoolExecutor({ base: __filename }).run(tasks, 'identity', [1]), 1)
  },
  promise: async () => assert.equal(await create().submit(tasks, 'wait', [20]).promise(), 20),
  'promise of a task that dies': async () => {
    const promise = create().submit(tasks, 'die', ['exit']).promise()
    await assert.rejects(promise, died)
    assert.notEqual(process._exiting, true)
  },
  cancel: () => {
    const words = sharedWords()
    const executor = create()
    const future = executor.submit(tasks, 'obey', [words])
    while (future.state !== 'running') Atomics.wait(words, 1, 0, 1)
    assert.equal(future.cancel(), true)
    assert.throws(() => future.result(), { code: 'ERR_CANCELLED' })
    assert.notEqual(Atomics.wait(words, 0, 0, 10_000), 'timed-out')
  },
  timeout: () => {
    const words = sharedWords()
    const future = create().submit(tasks, 'obey', [words], { timeout: 30 })
    assert.throws(() => future.result(10_000), { code: 'ERR_TIMEOUT' })
    assert.notEqual(Atomics.wait(words, 0, 0, 10_000), 'timed-out')
  },
  'death by exit': () => deathBy('exit', {}, { exitCode: 7 }),
  'death by throw': () => deathBy('throw', {}, { reason: 'an uncaught error ended it' }),
  'death by reject': () => deathBy('reject', {}, { reason: 'an uncaught error ended it' }),
  'death by oom': () => deathBy('oom', { resourceLimits: { maxOldGenerationSizeMb: 32 } }),
  'death by loop': () => deathBy('loop', { hangTimeout: 200 }, { reason: /hangTimeout/ }),
  'death by terminate': () => {
    const executor = create()
    const future = executor.submit(tasks, 'linger', [], { onProgress: () => workers.at(-1).terminate() })
    assert.throws(() => future.result(10_000), died)
    assert.equal(executor.submit(tasks, 'identity', [2]).result(10_000), 2)
  },
  'death probe': () => {
    const { port1, port2 } = new threads.MessageChannel()
    assert.equal(port1.postMessage(0), true)
    const code = `const { workerData: { words, port } } = require('node:worker_threads')
      Atomics.store(words, 0, 1); Atomics.notify(words, 0); setTimeout(() => port, 2 ** 30)`
    const words = sharedWords()
    const worker = new Worker(code, { eval: true, workerData: { words, port: port2 }, transferList: [port2] })
    worker.unref()
    port1.unref()
    assert.notEqual(Atomics.wait(words, 0, 0, 10_000), 'timed-out')
    assert.equal(port1.postMessage(0), true)
    worker.terminate()
    const deadline = Date.now() + 10_000
    while (port1.postMessage(0) !== false) {
      assert.ok(Date.now() < deadline, 'the port of a dead thread still takes messages')
      Atomics.wait(words, 1, 0, 1)
    }
  },
  'broken executor': () => {
    const executor = create({ restart: false })
    assert.throws(() => executor.submit(tasks, 'die', ['exit']).result(10_000), died)
    assert.throws(() => executor.submit(tasks, 'identity'), { code: 'ERR_BROKEN_EXECUTOR' })
  },
  shutdown: () => {
    const executor = create()
    executor.submit(tasks, 'wait', [20])
    assert.deepEqual(executor.shutdown(), { completed: 1, failed: 0, cancelled: 0, abandoned: 0 })
    assert.throws(() => executor.run(tasks, 'identity'), { code: 'ERR_EXECUTOR_CLOSED' })
  },
  'shutdown with timeout': () => {
    const executor = create()
    executor.submit(tasks, 'wait', [2 ** 30])
    assert.equal(executor.shutdown({ timeout: 50 }).abandoned, 1)
    assert.equal(process.exitCode, 1)
    process.exitCode = 0
  },
  'drain at natural end': () => expectFinished(1),
  'drain at process.exit in the first tick': () => {
    expectFinished(1)
    process.exit(3)
  },
  'drain after an uncaught error': () => {
    expectFinished(1)
    throw new Error('uncaught on purpose')
  },
  'drain after an unhandled rejection': () => {
    expectFinished(1)
    Promise.reject(new Error('unhandled on purpose'))
  },
  'output of a blocked process': () => {
    const executor = create()
    executor.run(tasks, 'finish', [sharedWords()])
    process.exit(0)
  },
  'in a worker thread': async () => {
    const worker = new Worker(
      `const { AsyncPoolExecutor } = require('async-pool-executor')
       const { parentPort, workerData } = require('node:worker_threads')
       parentPort.postMessage(new AsyncPoolExecutor({ base: workerData }).run(${JSON.stringify(tasks)}, 'identity', [5]))`,
      { eval: true, workerData: __filename },
    )
    const [value] = await require('node:events').once(worker, 'message')
    assert.equal(value, 5)
  },
}

/** Exit codes other than 0 that are right. */
const codes = {
  'drain at process.exit in the first tick': 3,
  'drain after an uncaught error': 1,
  'drain after an unhandled rejection': 1,
}
/** What the child must print besides 'done'. */
const outputs = { 'output of a blocked process': 'finished' }

function expectFinished(tasksToFinish) {
  const words = sharedWords()
  for (let count = 0; count < tasksToFinish; count++) create.one.submit(tasks, 'finish', [words])
  process.on('exit', () => words[0] === tasksToFinish && require('node:fs').writeSync(1, 'drained\n'))
}
for (const name of Object.keys(checks)) if (name.startsWith('drain')) outputs[name] = 'drained'

let shared
Object.defineProperty(create, 'one', {
  get() {
    shared ??= create()
    return shared
  },
})

module.exports = { names: Object.keys(checks), codes, outputs }

if (require.main === module) {
  const name = process.argv.at(-1)
  const finished = checks[name]()
  if (finished instanceof Promise) finished.then(() => console.log('done'))
  else console.log('done')
}
