import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import * as index from 'async-pool-executor'
import * as sync from 'async-pool-executor/sync'
import { describe, expect, test } from 'vitest'
import { node, script } from '../child.mjs'
import { createExecutor, thrownBy } from '../helpers.mjs'

const { Barrier, Condition, Event, Lock, Queue, revive, Semaphore } = sync
const tasks = fileURLToPath(new URL('support/tasks.mjs', import.meta.url))

const classes = { Barrier, Condition, Event, Lock, Queue, Semaphore }

const create = {
  Barrier: () => new Barrier(2),
  Condition: () => new Condition(),
  Event: () => new Event(),
  Lock: () => new Lock(),
  Queue: () => new Queue(3),
  Semaphore: () => new Semaphore(2),
}

function sent(value) {
  const { port1, port2 } = new MessageChannel()
  port1.postMessage(value)
  const { message } = receiveMessageOnPort(port2)
  port1.close()
  return message
}

describe.each(Object.entries(create))('a %s', (kind, create) => {
  test('is one property of plain data', () => {
    const primitive = create()
    expect(Object.keys(primitive)).toEqual(['shared'])
    expect(primitive.shared.kind).toBe(kind)
    expect(Object.keys(sent(primitive))).toEqual(['shared'])
  })

  test('is made again of what a message leaves of it', () => {
    const primitive = create()
    for (const copy of [
      classes[kind].from(sent(primitive.shared)),
      classes[kind].from(sent(primitive)),
      classes[kind].from(primitive),
      revive(sent(primitive)),
      new classes[kind](primitive.shared),
    ]) {
      expect(copy).toBeInstanceOf(classes[kind])
      expect(copy.shared.words.buffer.byteLength).toBe(primitive.shared.words.buffer.byteLength)
      Atomics.add(copy.shared.words, 20, 1)
    }
    expect(primitive.shared.words[20]).toBe(5)
  })

  test('is not made of anything else', () => {
    const other = kind === 'Lock' ? new Event() : new Lock()
    const { words, deaths } = create().shared
    for (const shared of [
      undefined,
      null,
      {},
      other,
      other.shared,
      { shared: {} },
      { kind, words: new Int32Array(4), deaths },
      { kind, words: new Int32Array(words.length), deaths },
      { kind, words, deaths: new Int32Array(4) },
      { kind, words: [], deaths },
    ])
      expect(thrownBy(() => classes[kind].from(shared))).toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
        message: expect.stringContaining(`a ${kind}, or its property 'shared'`),
      })
  })

  test('is the same class for import and require', () => {
    const commonjs = createRequire(import.meta.url)('async-pool-executor/sync')
    expect(commonjs[kind]).toBe(classes[kind])
    expect(create()).toBeInstanceOf(commonjs[kind])
  })
})

test('revive leaves alone what is no primitive', () => {
  for (const value of [
    undefined,
    null,
    1,
    {},
    { shared: 1 },
    { shared: { kind: 'toString', words: 1 } },
    [1],
  ])
    expect(revive(value)).toBeUndefined()
})

describe('in arguments, what only has a property `shared`', () => {
  const lock = new Lock()
  const seen = value => [value instanceof Lock, Object.keys(value)]
  const seenIn = async value => {
    const { Lock } = await import('async-pool-executor/sync')
    return [value instanceof Lock, Object.keys(value)]
  }
  class Job {
    shared = lock.shared
    id = 5
  }
  class Hidden {
    id = 5
    get shared() {
      return lock.shared
    }
  }
  class Thrower {
    id = 5
    get shared() {
      throw new RangeError('not yet')
    }
  }
  const objects = {
    'an object of a class': new Job(),
    'an object without a prototype': Object.assign(Object.create(null), { shared: lock.shared, id: 5 }),
    'a plain object': { shared: lock.shared, id: 5 },
    'an object that inherits a getter': new Hidden(),
    'an object that inherits a getter that throws': new Thrower(),
  }

  test.each(Object.keys(objects))('is copied as ever: %s', name => {
    expect(createExecutor().run(seenIn, [objects[name]])).toEqual(seen(structuredClone(objects[name])))
  })

  test('is told from what is a primitive', () => {
    const executor = createExecutor()
    class Own extends Lock {}
    for (const primitive of [lock, new Own(), Lock.from(sent(lock))])
      expect(executor.run(seenIn, [primitive])).toEqual([true, ['shared']])
  })
})

test('two copies in one thread are one: what waits through one is passed over when the other blocks', async () => {
  const lock = new Lock()
  const copy = Lock.from(sent(lock.shared))
  const taken = new Event()
  const task = createExecutor().submit(tasks, 'releaseWhenWaiting', [lock.shared, taken.shared, 2])
  taken.wait(10_000)
  const awaiting = lock.acquireAsync()
  const guard = copy.acquire(10_000)
  task.result(10_000)
  lock.release()
  expect(guard.released).toBe(false)
  const next = await awaiting
  next.release()
})

test('the guard of one copy gives back to all', () => {
  const lock = new Lock()
  const copy = Lock.from(sent(lock.shared))
  const guard = copy.acquire()
  expect(lock.locked()).toBe(true)
  guard.release()
  expect(lock.locked()).toBe(false)
})

test('a condition travels with its lock', () => {
  const condition = new Condition()
  const copy = Condition.from(sent(condition.shared))
  const guard = copy.lock.acquire()
  expect(condition.lock.locked()).toBe(true)
  condition.notify()
  guard.release()
})

test('the errors are exported by both entries, and are the same', () => {
  const errors = Object.entries(sync).filter(([name]) => name.endsWith('Error'))
  expect(errors.map(([name]) => name)).toContain('AbandonedError')
  expect(index).toMatchObject(Object.fromEntries(errors))
})

test('threads that were started by different threads share a primitive', async () => {
  const path = script(
    'import',
    `const { Lock, AbandonedError } = await import('async-pool-executor/sync')
     const { isMainThread, workerData, parentPort } = await import('node:worker_threads')
     // The main thread passes the lock on and knows nothing of it.
     if (isMainThread) {
       const maker = new Worker(new URL(file), { workerData: 'makes' })
       maker.on('message', shared => {
         const user = new Worker(new URL(file), { workerData: shared })
         user.on('message', text => say(text))
         user.on('exit', () => maker.postMessage('look'))
       })
     } else if (workerData === 'makes') {
       const lock = new Lock()
       parentPort.postMessage(lock.shared)
       parentPort.once('message', () => {
         try { lock.acquire(10_000) } catch (error) { say(String(error instanceof AbandonedError)) }
         process.exit()
       })
     } else {
       Lock.from(workerData).acquire()
       parentPort.postMessage('acquired')
       setImmediate(() => process.exit())
     }`,
  )
  expect(await node([path])).toMatchObject({ lines: ['acquired', 'true'], code: 0, stderr: '' })
})

describe('the event loop', () => {
  const system = 'import'

  test('is kept alive while something is awaited, and not longer', async () => {
    const path = script(
      system,
      `const { Event } = await import('async-pool-executor/sync')
       const event = new Event()
       const worker = new Worker(
         "const { workerData } = require('node:worker_threads'); const { Event } = require('async-pool-executor/sync');" +
         "setTimeout(() => Event.from(workerData).set(), 300)", { eval: true, workerData: event.shared })
       worker.unref()
       await event.waitAsync()
       say('awaited')`,
    )
    expect(await node([path])).toMatchObject({ lines: ['awaited'], code: 0, stderr: '' })
  })

  test('is not kept alive by what is held', async () => {
    const path = script(
      system,
      `const { Lock, Semaphore } = await import('async-pool-executor/sync')
       new Lock().acquire()
       await new Semaphore(1).acquireAsync()
       say('done')`,
    )
    expect(await node([path])).toMatchObject({ lines: ['done'], code: 0, stderr: '' })
  })
})
