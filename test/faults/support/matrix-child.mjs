/* Runs cells of the fault matrix: `node matrix-child.mjs <moment> <cause> [waiter]`. A line of JSON for each. */
import { subscribe } from 'node:diagnostics_channel'
import { createWords, Word } from '../fixtures/words.mjs'
import { optionsFor, waiters, wrongDeath } from './cells.mjs'
import {
  AsyncPoolExecutor,
  capture,
  captureAsync,
  Scenario,
  tasks,
  terminate,
  until,
  watchDeath,
  workers,
} from './scenario.mjs'

const [moment, cause, only] = process.argv.slice(2)

const print = record => console.log(JSON.stringify(record))

async function whileBusy(waiter) {
  const scenario = new Scenario(moment, cause, waiter)
  scenario.start()
  if (waiter === 'promise') await scenario.waitAsync()
  else scenario.wait()
  scenario.check()
  scenario.finish()
  return scenario
}

/** The worker dies in an exit handler that runs before the drain, or while the drain itself waits. */
function duringDrain(waiter) {
  process.on('exit', () => {
    if (waiter === 'promise') scenario.expectFault()
    else scenario.wait()
  })
  const scenario = new Scenario('running', cause, waiter)
  scenario.start()
  process.on('exit', () => {
    const { problems, latency } = scenario
    scenario.check()
    print({ cell: `drain ${cause} ${waiter}`, problems, latency })
  })
}

/** New work for an executor whose worker has died, or is about to be found dead. */
async function newWork(executor, args, waiter, problems) {
  const expectValue = ({ value, error }, wanted) => {
    if (JSON.stringify(value) !== JSON.stringify(wanted)) problems.push(`${JSON.stringify(value)}, ${error}`)
  }
  const wanted = { item: 'got' }
  if (waiter === 'map') {
    expectValue(
      capture(() => [...executor.map(tasks, 'value', [args[0], 2, 3])]),
      [wanted, 2, 3],
    )
    return
  }
  const future = executor.submit(tasks, 'value', args)
  if (waiter === 'submit') for (let more = 0; more < 8; more++) executor.submit(tasks, 'value', [more])
  if (waiter === 'join' && executor.join(8_000) !== true) problems.push('join returned false')
  if (waiter === 'promise') {
    expectValue(await captureAsync(future.promise()), wanted)
    if (process._exiting) problems.push('the process ended with the worker, though a promise was awaited')
  }
  expectValue(
    capture(() => future.result(8_000)),
    wanted,
  )
}

async function whileIdle(waiter) {
  const problems = []
  const words = createWords()
  const executor = new AsyncPoolExecutor({ size: 2, queueSize: 2, ...optionsFor(cause) })
  const isDead = watchDeath(executor)
  executor.run(tasks, 'dieLater', [cause, words])
  Atomics.store(words, Word.Go, 1)
  if (cause === 'terminate') terminate(words)
  until(() => (cause === 'loop' ? Atomics.load(words, Word.Doomed) === 1 : isDead()), 'its death')
  await newWork(executor, [{ item: 'got' }], waiter, problems)
  checkEnd(executor, 1, problems)
  return { problems }
}

/** The worker dies while a getter of the arguments runs: the message is sent to nobody. */
async function whileEncodingArguments(waiter) {
  const problems = []
  const words = createWords()
  const executor = new AsyncPoolExecutor({ size: 2, queueSize: 2, onError: 'ignore', ...optionsFor(cause) })
  const isDead = watchDeath(executor)
  const victim = executor.submit(tasks, 'dieRunning', [cause, words])
  const item = {
    get item() {
      if (Atomics.exchange(words, Word.Go, 1) === 0) {
        if (cause === 'terminate') terminate(words)
        until(() => (cause === 'loop' ? Atomics.load(words, Word.Doomed) === 1 : isDead()), 'its death')
      }
      return 'got'
    },
  }
  await newWork(executor, [item], waiter, problems)
  const wrong = wrongDeath(capture(() => victim.result(8_000)).error, cause)
  if (wrong !== undefined) problems.push(`the error of the running task ${wrong}`)
  checkEnd(executor, 1, problems)
  return { problems }
}

/** The first worker exits; the second one dies in its initializer; the third one does the work. */
async function duringRestart(waiter) {
  const problems = []
  const words = createWords()
  if (cause === 'terminate')
    subscribe('async-pool-executor:worker-started', ({ executor: name, restarts }) => {
      if (restarts === 1 && name === `restart ${waiter}`) workers.at(-1).terminate()
    })
  const executor = new AsyncPoolExecutor({
    name: `restart ${waiter}`,
    size: 1,
    queueSize: 2,
    onError: 'ignore',
    initializer: { module: tasks, fn: 'initialize', args: [cause, words] },
    ...optionsFor(cause),
  })
  const victim = executor.submit(tasks, 'exit')
  await newWork(executor, [{ item: 'got' }], waiter, problems)
  const wrong = wrongDeath(capture(() => victim.result(8_000)).error, 'exit')
  if (wrong !== undefined) problems.push(`the error of the running task ${wrong}`)
  checkEnd(executor, 2, problems)
  return { problems }
}

function checkEnd(executor, deaths, problems) {
  if (executor.join(8_000) !== true) problems.push('something never settled')
  const { restarts, queued, running } = executor.stats()
  if (restarts !== deaths) problems.push(`${restarts} restarts`)
  if (queued + running !== 0) problems.push(`${queued} queued, ${running} running`)
  executor.shutdown({ timeout: 8_000 })
}

const runners = { idle: whileIdle, arguments: whileEncodingArguments, restart: duringRestart }

if (moment === 'drain') duringDrain(only)
else
  for (const waiter of only === undefined ? waiters : [only]) {
    const cell = `${moment} ${cause} ${waiter}`
    print({ begins: cell })
    const { problems, latency } = await (runners[moment] ?? whileBusy)(waiter)
    print({ cell, problems, latency })
  }
