import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { node, script } from '../child.mjs'

const program = fileURLToPath(new URL('support/death-child.mjs', import.meta.url))
const killing = fileURLToPath(new URL('support/kill-child.mjs', import.meta.url))
const isLinux = process.platform === 'linux'

const abandoned = 'AbandonedError ERR_ABANDONED'
const expected = {
  held: abandoned,
  again: abandoned,
  tried: abandoned,
  locked: true,
  recovered: [true, true],
  afterwards: 'acquired',
  available: 2,
  barrier: 'ERR_BROKEN_BARRIER',
  queue: 'item',
  mine: 'acquired',
  condition: abandoned,
  isAbandoned: true,
}

const waiters = ['blocking', 'awaiting', 'elsewhere']
const saysSo = ['exit', 'uncaught', 'rejection']
const saysNothing = ['memory', 'terminate', 'loop']

async function findings(way, waiter, env) {
  const { code, lines, stderr } = await node([program, way, waiter], {
    deadline: 40_000,
    env: { ...process.env, ...env },
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return JSON.parse(lines.at(-1))
}

const cases = (ways, waiters) => ways.flatMap(way => waiters.map(waiter => ({ way, waiter })))

describe('when a thread dies, nobody waits for what it held', () => {
  test.concurrent.each(cases(saysSo, waiters))('$way, $waiter', async ({ way, waiter }) => {
    expect(await findings(way, waiter)).toEqual(expected)
  })

  test.concurrent.runIf(isLinux).each(cases(saysNothing, waiters))(
    '$way, $waiter',
    async ({ way, waiter }) => {
      expect(await findings(way, waiter)).toEqual(expected)
    },
  )
})

describe('also where the system does not tell which threads there are', () => {
  const hidden = { HIDE_PROC: '1' }

  test.concurrent.each(cases(saysSo, waiters))('$way, $waiter', async ({ way, waiter }) => {
    expect(await findings(way, waiter, hidden)).toEqual(expected)
  })

  // Somebody must hear of it: here it is the thread that started the worker, whose event loop turns.
  test.concurrent.each(cases(saysNothing, ['awaiting', 'elsewhere']))(
    '$way, $waiter',
    async ({ way, waiter }) => {
      expect(await findings(way, waiter, hidden)).toEqual(expected)
    },
  )
})

test('a blocked thread asks those who may know, here its hooks', async () => {
  const channel = fileURLToPath(new URL('../../dist/channel.js', import.meta.url))
  const path = script(
    'require',
    `Object.defineProperty(process, 'platform', { value: 'sunos' })
     const { Lock } = require('async-pool-executor/sync')
     const { markThreadDead, whileBlocked } = require(${JSON.stringify(channel)})
     const { isMainThread, workerData } = require('node:worker_threads')
     if (isMainThread) {
       const lock = new Lock()
       const worker = new Worker(__filename, { workerData: lock.shared })
       const { threadId } = worker
       while (!lock.locked());
       worker.terminate()
       try { lock.acquire(200) } catch (error) { say(error.code) }
       whileBlocked.add(() => markThreadDead(threadId))
       try { lock.acquire(10_000) } catch (error) { say(error.code) }
     } else {
       Lock.from(workerData).acquire()
       Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
     }`,
  )
  expect(await node([path])).toMatchObject({ lines: ['ERR_TIMEOUT', 'ERR_ABANDONED'], code: 0, stderr: '' })
})

test('a worker that comes to its natural end leaves what it holds abandoned', async () => {
  const path = script(
    'require',
    `const { Lock } = require('async-pool-executor/sync')
     const { isMainThread, workerData } = require('node:worker_threads')
     if (isMainThread) {
       const lock = new Lock()
       new Worker(__filename, { workerData: lock.shared })
       while (!lock.locked());
       try { lock.acquire(10_000) } catch (error) { say(error.code) }
     } else Lock.from(workerData).acquire()`,
  )
  expect(await node([path])).toMatchObject({ lines: ['ERR_ABANDONED'], code: 0, stderr: '' })
})

test('a task that waits for what the main thread holds does not keep the process from ending', async () => {
  const path = script(
    'require',
    `const { Lock } = require('async-pool-executor/sync')
     const { isMainThread, workerData } = require('node:worker_threads')
     const syncTasks = ${JSON.stringify(fileURLToPath(new URL('support/tasks.mjs', import.meta.url)))}
     const lock = new Lock()
     const executor = new AsyncPoolExecutor({ onError: error => say(error.name) })
     executor.run('node:path', 'join', ['a'])
     lock.acquire()
     executor.submit(syncTasks, 'call', [lock.shared, 'acquireAsync'])
     process.exit(0)`,
  )
  expect(await node([path])).toMatchObject({ lines: ['AbandonedError'], code: 0, stderr: '' })
})

test('exit hooks may give back what the end of their thread has taken from them', async () => {
  const path = script(
    'require',
    `const { Lock, Semaphore } = require('async-pool-executor/sync')
     const [lock, semaphore] = [new Lock(), new Semaphore(1)]
     const [guard, permit] = [lock.acquire(), semaphore.acquire()]
     process.on('exit', () => {
       guard.release()
       permit.release()
       say([lock.locked(), semaphore.available].join())
     })`,
  )
  expect(await node([path])).toMatchObject({ lines: ['false,1'], code: 0, stderr: '' })
})

const seeds = 30

describe('a thread that is terminated in the midst of a change', () => {
  test.runIf(isLinux).each(['Lock', 'Semaphore', 'Event', 'Condition', 'Barrier', 'Queue'])(
    'leaves a %s whole',
    async kind => {
      const { code, lines, stderr } = await node([killing, kind, 1, seeds], { deadline: 60_000 })
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      expect(JSON.parse(lines.at(-1))).toMatchObject({ kind, seeds, problems: [] })
    },
    70_000,
  )
})
