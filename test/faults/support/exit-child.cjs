/* `node exit-child.cjs <case>`: how a process ends while tasks are unfinished. */
const { writeSync } = require('node:fs')
const { join } = require('node:path')
const { isMainThread, Worker } = require('node:worker_threads')
const { AsyncPoolExecutor } = require('./package.cjs')

const tasks = join(__dirname, '../fixtures/stalls.mjs')
const create = options => new AsyncPoolExecutor({ name: 'exiting', ...options })
const say = text => writeSync(1, `${text}\n`)
const keepAlive = () => setInterval(() => {}, 1000)

/** There is a task at any time. */
function goOnSubmitting(options) {
  const executor = create({ size: 2, onError: 'ignore', drainOnSignals: ['SIGTERM'], ...options })
  executor.submit(tasks, 'sleep', [50])
  setInterval(() => executor.trySubmit(tasks, 'sleep', [50]), 10)
  say('ready')
}

const cases = {
  'drain timeout': () => create({ drainOnExit: { timeout: 100 } }).submit(tasks, 'sleep', [2 ** 30]),
  'drain timeout, loop': () => create({ drainOnExit: { timeout: 100 } }).submit(tasks, 'block'),
  'drain timeout, own code': () => {
    create({ drainOnExit: { timeout: 100 } }).submit(tasks, 'sleep', [2 ** 30])
    process.exit(5)
  },
  'no drain': () => create({ drainOnExit: false }).submit(tasks, 'sleep', [2 ** 30]),
  signal: () => {
    const executor = create({ drainOnSignals: ['SIGTERM'] })
    executor.submit(tasks, 'sleep', [300]).onDone(() => say('drained'))
    keepAlive()
    say('ready')
  },
  'two signals': () => {
    create({ drainOnSignals: ['SIGTERM'] }).submit(tasks, 'sleep', [2 ** 30])
    keepAlive()
    say('ready')
  },
  'own listener': () => {
    create({ drainOnSignals: ['SIGTERM'] })
      .submit(tasks, 'sleep', [200])
      .onDone(() => say('drained'))
    const timer = keepAlive()
    process.once('SIGTERM', () => {
      say('own listener')
      setTimeout(() => {
        say('own end')
        clearInterval(timer)
        process.exit(9)
      }, 600)
    })
    say('ready')
  },
  'own listener, registered first': () => {
    process.once('SIGTERM', () => say('own listener'))
    const executor = create({ drainOnSignals: ['SIGTERM'] })
    executor.submit(tasks, 'sleep', [200]).onDone(() => {
      say('drained')
      setTimeout(() => process.exit(9))
    })
    keepAlive()
    say('ready')
  },
  'own listener, several signals': () => {
    create({ drainOnSignals: ['SIGTERM'] }).submit(tasks, 'sleep', [2 ** 30])
    keepAlive()
    let heard = 0
    process.on('SIGTERM', () => {
      say(`own ${++heard}`)
      if (heard === 3) process.reallyExit(9)
    })
    say('ready')
  },
  'two kinds of signals': () => {
    create({ drainOnSignals: ['SIGTERM', 'SIGINT'] }).submit(tasks, 'sleep', [2 ** 30])
    keepAlive()
    say('ready')
  },
  'signal, goes on submitting': () => goOnSubmitting({}),
  'signal, goes on submitting, timeout': () => goOnSubmitting({ drainOnExit: { timeout: 10_000 } }),
  'signal, timeout': () => {
    const options = { drainOnSignals: ['SIGTERM'], drainOnExit: { timeout: 2000 }, onError: 'ignore' }
    const executor = create(options)
    executor.submit(tasks, 'sleep', [1500]).onDone(() => executor.submit(tasks, 'sleep', [2 ** 30]))
    keepAlive()
    const start = performance.now()
    process.emit('SIGTERM', 'SIGTERM')
    process.on('exit', () => say(performance.now() - start < 3400 ? 'in time' : 'had its time twice'))
  },
  'signal, dies': () => {
    const words = new Int32Array(new SharedArrayBuffer(32))
    const options = { onError: 'ignore', drainOnSignals: ['SIGTERM'] }
    create(options).submit(tasks, 'exitWhenReleased', [words, 3])
    keepAlive()
    process.emit('SIGTERM', 'SIGTERM') // returns when the drain has begun
    Atomics.store(words, 3, 1)
  },
  'breaks, no restart': () => {
    const executor = create({ size: 1, restart: false, onError: 'ignore' })
    executor.submit(tasks, 'exit', [3])
    executor.submit(tasks, 'value', [1])
    process.exit(0)
  },
  'breaks, initializer': () => {
    const initializer = { module: tasks, fn: 'exit', args: [3] }
    create({ initializer, onError: 'ignore' }).submit(tasks, 'value', [1])
  },
  'breaks in a thread': () => {
    if (isMainThread)
      new Worker(__filename, { argv: process.argv.slice(2) }).on('exit', code => say(`${code}`))
    else create({ restart: false, onError: 'ignore' }).submit(tasks, 'exit', [3])
  },
  'broke before': () => {
    create({ restart: false, onError: 'ignore' }).submit(tasks, 'exit', [3]).error()
  },
  'signal without the option': () => {
    create().submit(tasks, 'sleep', [2 ** 30])
    keepAlive()
    say('ready')
  },
}

cases[process.argv[2]]()
