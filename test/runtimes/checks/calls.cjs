/* Calls and their outcomes, backpressure, and how several futures are waited for. */
const assert = require('node:assert/strict')
const { join } = require('node:path')
const { Worker } = require('node:worker_threads')
const { pool, tasks, base, create, sharedWords, awaitWord } = require('./package.cjs')

const pause = sharedWords()

module.exports = {
  run: () => assert.equal(create().run(tasks, 'identity', [42]), 42),
  'submit and result': () => {
    const executor = create()
    const futures = Array.from({ length: 50 }, (_, index) => executor.submit(tasks, 'identity', [index]))
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
  'a full queue': () => {
    const words = sharedWords()
    const executor = create({ size: 1, queueSize: 1 })
    const futures = [1, 2].map(() => executor.submit(tasks, 'hold', [words]))
    assert.equal(executor.trySubmit(tasks, 'identity', [1]), undefined)
    assert.throws(() => executor.submit(tasks, 'identity', [1], { submitTimeout: 20 }), {
      code: 'ERR_QUEUE_FULL',
    })
    Atomics.store(words, 1, 1)
    assert.equal(executor.submit(tasks, 'identity', [2]).result(), 2)
    assert.deepEqual(
      futures.map(future => future.state),
      ['fulfilled', 'fulfilled'],
    )
  },
  join: () => {
    const words = sharedWords()
    const executor = create()
    const future = executor.submit(tasks, 'hold', [words])
    assert.equal(executor.join(20), false)
    Atomics.store(words, 1, 1)
    assert.equal(executor.join(10_000), true)
    assert.equal(future.state, 'fulfilled')
  },
  map: () => assert.deepEqual([...create().map(tasks, 'identity', [1, 2, 3])], [1, 2, 3]),
  'wait and asCompleted': () => {
    const words = sharedWords()
    const executor = create()
    const [slow, quick] = [executor.submit(tasks, 'hold', [words]), executor.submit(tasks, 'identity', [1])]
    const order = []
    for (const future of pool.asCompleted([slow, quick])) {
      order.push(future)
      Atomics.store(words, 1, 1)
    }
    assert.deepEqual(order, [quick, slow])
    assert.equal(pool.wait([slow, quick]).pending.size, 0)
  },
  values: () => {
    const value = {
      map: new Map([[1, new Set([2])]]),
      date: new Date(0),
      big: 2n,
      bytes: new Uint8Array([1, 2]),
      none: undefined,
      zero: -0,
    }
    assert.deepEqual(create().run(tasks, 'identity', [value]), value)
  },
  'a transferred argument': () => {
    const bytes = new Uint8Array([1, 2, 3])
    const [back] = create()
      .submit(tasks, 'list', [bytes], { transferList: [bytes.buffer] })
      .result()
    assert.deepEqual(back, new Uint8Array([1, 2, 3]))
    assert.equal(bytes.byteLength, 0)
  },
  'an invalid transferList': () =>
    assert.throws(() => create().submit(tasks, 'identity', [1], { transferList: [5] }), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
    }),
  errors: () =>
    assert.throws(
      () => create().run(tasks, 'fails'),
      error => error instanceof RangeError && error.code === 'ERR_NO' && error.cause.message === 'why',
    ),
  'a missing function': () =>
    assert.throws(() => create().run(tasks, 'nothing'), { code: 'ERR_TASK_NOT_FOUND', message: /identity/ }),
  'an uncloneable argument': () =>
    assert.throws(() => create().run(tasks, 'identity', [() => 1]), {
      code: 'ERR_NOT_CLONEABLE',
      message: /args\[0\] is a function/,
    }),
  'an uncloneable result': () =>
    assert.throws(() => create().run(tasks, 'uncloneable'), { code: 'ERR_NOT_CLONEABLE' }),
  'a CommonJS task': () => assert.equal(create().run('./tasks.cjs', 'twice', [21]), 42),
  'a builtin': () => assert.equal(create().run('node:path', 'basename', ['/a/b']), 'b'),
  'import and require are one': async () => {
    const imported = await import('../../../dist/index.mjs')
    assert.equal(imported.AsyncPoolExecutor, pool.AsyncPoolExecutor)
    assert.equal(new imported.AsyncPoolExecutor({ base }).run(tasks, 'identity', [1]), 1)
  },
  promise: async () => assert.equal(await create().submit(tasks, 'wait', [20]).promise(), 20),
  onDone: () => {
    const executor = create()
    const done = []
    executor.submit(tasks, 'identity', [1]).onDone(future => done.push(future.result()))
    executor.join()
    assert.deepEqual(done, [1])
  },
  progress: () => {
    const seen = []
    create()
      .submit(tasks, 'reports', [3], { onProgress: value => seen.push(value) })
      .result()
    assert.deepEqual(seen, [0, 1, 2])
  },
  // What the event loop has been given by then must not be kept from whoever blocks.
  'blocking after awaiting': async () => {
    for (const yields of [() => null, () => new Promise(resolve => setTimeout(resolve, 1))]) {
      const executor = create()
      const words = sharedWords()
      const futures = Array.from({ length: 5 }, () => executor.submit(tasks, 'raise', [words]))
      awaitWord(words, 0)
      Atomics.wait(pause, 0, 0, 5) // the outcomes are posted in the turn after
      await yields()
      for (const future of futures) assert.equal(future.result(5_000), 'raised')
    }
  },
  cancel: () => {
    const words = sharedWords()
    const executor = create()
    const future = executor.submit(tasks, 'obey', [words])
    awaitWord(words, 1)
    assert.equal(future.cancel(), true)
    assert.throws(() => future.result(), { code: 'ERR_CANCELLED' })
    awaitWord(words, 0)
  },
  timeout: () => {
    const words = sharedWords()
    const future = create().submit(tasks, 'obey', [words], { timeout: 200 })
    assert.throws(() => future.result(10_000), { code: 'ERR_TIMEOUT' })
    awaitWord(words, 0)
  },
  'in a worker thread': async () => {
    const code = `const { AsyncPoolExecutor } = require('async-pool-executor')
      const { parentPort, workerData } = require('node:worker_threads')
      parentPort.postMessage(new AsyncPoolExecutor({ base: workerData }).run(${JSON.stringify(tasks)}, 'identity', [5]))`
    const worker = new Worker(code, { eval: true, workerData: base })
    const [value] = await require('node:events').once(worker, 'message')
    assert.equal(value, 5)
  },
  'a task that waits for its own executor': {
    lines: ['done', 'closed', 'closed', 'closed'], // by exit hooks of the module, here and in two workers
    async run() {
      const { executor } = await import('../../faults/fixtures/self.mjs')
      const self = join(__dirname, '../../faults/fixtures/self.mjs')
      assert.throws(() => executor.run(self, 'use', ['run']), { code: 'ERR_DEADLOCK' })
      assert.equal(executor.run(self, 'use', ['other']), 'plain')
    },
  },
}
