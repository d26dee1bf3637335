/* How workers, executors and processes end. What else kills a worker is in the fault matrix. */
const assert = require('node:assert/strict')
const { writeSync } = require('node:fs')
const { MessageChannel, Worker } = require('node:worker_threads')
const { tasks, died, create, sharedWords, awaitWord } = require('./package.cjs')

const say = text => writeSync(1, `${text}\n`)

/** Submits a task that only an exit drain can wait for, and says at the end that it was. */
function expectDrain() {
  const words = sharedWords()
  create().submit(tasks, 'finish', [words])
  process.on('exit', () => say(words[0] === 1 ? 'drained' : 'not drained'))
}

module.exports = {
  'the death probe': () => {
    const { port1, port2 } = new MessageChannel()
    assert.equal(port1.postMessage(0), true, 'posting tells nothing')
    const code = `const { workerData: { words, port } } = require('node:worker_threads')
      Atomics.store(words, 0, 1); Atomics.notify(words, 0); setTimeout(() => port, 2 ** 30)`
    const words = sharedWords()
    const worker = new Worker(code, { eval: true, workerData: { words, port: port2 }, transferList: [port2] })
    worker.unref()
    port1.unref()
    awaitWord(words, 0)
    assert.equal(port1.postMessage(0), true)
    worker.terminate()
    const deadline = Date.now() + 10_000
    while (port1.postMessage(0) === true) {
      assert.ok(Date.now() < deadline, 'the port of a dead thread still takes messages')
      Atomics.wait(words, 1, 0, 1)
    }
  },
  'resourceLimits end a worker': () => {
    const executor = create({ resourceLimits: { maxOldGenerationSizeMb: 32 } })
    assert.throws(() => executor.run(tasks, 'hoard'), died)
    assert.equal(executor.run(tasks, 'identity', [1]), 1)
  },
  'awaiting a task that dies': async () => {
    await assert.rejects(create().submit(tasks, 'exit', [7]).promise(), { ...died, exitCode: 7 })
    assert.notEqual(process._exiting, true)
  },
  'a broken executor': () => {
    const executor = create({ restart: false })
    assert.throws(() => executor.submit(tasks, 'exit', [7]).result(10_000), { ...died, exitCode: 7 })
    assert.throws(() => executor.submit(tasks, 'identity'), { code: 'ERR_BROKEN_EXECUTOR' })
  },
  shutdown: () => {
    const executor = create()
    executor.submit(tasks, 'wait', [20])
    assert.deepEqual(executor.shutdown(), { completed: 1, failed: 0, cancelled: 0, abandoned: 0 })
    assert.throws(() => executor.run(tasks, 'identity'), { code: 'ERR_EXECUTOR_CLOSED' })
  },
  'shutdown with a timeout': () => {
    const executor = create({ onError: 'ignore' })
    executor.submit(tasks, 'wait', [2 ** 30])
    assert.equal(executor.shutdown({ timeout: 50 }).abandoned, 1)
    assert.equal(process.exitCode, 1)
    process.exitCode = 0
  },
  'drain at the natural end': { run: expectDrain, lines: ['done', 'drained'] },
  'drain at process.exit in the first tick': {
    run() {
      expectDrain()
      process.exit(3)
    },
    code: 3,
    lines: ['drained'],
  },
  'drain at process.exit in a later tick': {
    run() {
      expectDrain()
      setTimeout(() => process.exit(4), 5)
    },
    code: 4,
    lines: ['done', 'drained'],
  },
  'drain with process.exitCode set': {
    run() {
      expectDrain()
      process.exitCode = 5
    },
    code: 5,
    lines: ['done', 'drained'],
  },
  'drain after an uncaught error': {
    run() {
      expectDrain()
      throw new Error('uncaught on purpose')
    },
    code: 1,
    lines: ['drained'],
  },
  'drain after an unhandled rejection': {
    run() {
      expectDrain()
      Promise.reject(new Error('unhandled on purpose'))
    },
    code: 1,
    lines: ['done', 'drained'],
  },
  'output stays in order with that of a blocked caller': {
    run() {
      const executor = create()
      for (let line = 0; line < 50; line++) {
        say(`caller ${line}`)
        executor.run(tasks, 'print', [`task ${line}`])
      }
      process.exit(0)
    },
    lines: Array.from({ length: 100 }, (_, line) => `${line % 2 ? 'task' : 'caller'} ${line >> 1}`),
  },
  'output appears while the caller is blocked': {
    run() {
      const executor = create()
      executor.submit(tasks, 'print', ['printed while blocked'])
      say(`answer ${executor.run(tasks, 'readLine')}`)
    },
    // Sent when the line has been seen, and until then the caller is blocked.
    answer: { to: 'printed while blocked\n', text: 'seen\n' },
    lines: ['printed while blocked', 'answer seen', 'done'],
  },
  'output is complete after process.exit': {
    run() {
      const executor = create({ size: 1, queueSize: 500 })
      for (let line = 0; line < 500; line++) executor.submit(tasks, 'print', [`line ${line}`])
      process.exit(0)
    },
    lines: Array.from({ length: 500 }, (_, line) => `line ${line}`),
  },
  'a failure that nobody reads is reported once': {
    run: () => void create().submit(tasks, 'fails'),
    stderr: /failed and nobody read its error.*\nRangeError: no\n/,
    lines: ['done'],
  },
}
