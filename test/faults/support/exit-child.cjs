/* `node exit-child.cjs <case>`: how a process ends while tasks are unfinished. */
const { writeSync } = require('node:fs')
const { join } = require('node:path')
const { AsyncPoolExecutor } = require('./package.cjs')

const tasks = join(__dirname, '../fixtures/stalls.mjs')
const create = options => new AsyncPoolExecutor({ name: 'exiting', ...options })
const say = text => writeSync(1, `${text}\n`)
const keepAlive = () => setInterval(() => {}, 1000)

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
  'signal without the option': () => {
    create().submit(tasks, 'sleep', [2 ** 30])
    keepAlive()
    say('ready')
  },
}

cases[process.argv[2]]()
