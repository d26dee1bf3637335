import { getEventListeners } from 'node:events'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { threadId, Worker } from 'node:worker_threads'
import { CancelledError, DeadlockError, ExecutorError, TimeoutError } from 'async-pool-executor'
import { AbandonedError, Event, Lock, NotOwnerError } from 'async-pool-executor/sync'
import { describe, expect, test } from 'vitest'
import {
  awaitSignal,
  createExecutor,
  createSignals,
  logged,
  openGate,
  Signal,
  thrownBy,
} from '../helpers.mjs'
import { awaitWaiters, occupySlots, waitersOf } from './support/waiters.mjs'

const tasks = fileURLToPath(new URL('support/tasks.mjs', import.meta.url))
const limit = 10_000

/** Both ways to acquire; `await` serves either. */
const faces = {
  acquire: (lock, timeout) => lock.acquire(timeout),
  acquireAsync: (lock, timeout) => lock.acquireAsync(timeout === undefined ? {} : { timeout }),
}

/** A lock that a worker holds until `giveBack`. */
function heldElsewhere(executor = createExecutor()) {
  const lock = new Lock()
  const taken = new Event()
  const signals = createSignals()
  const task = executor.submit(tasks, 'hold', [lock.shared, taken.shared, signals])
  taken.wait(limit)
  return {
    lock,
    giveBack() {
      openGate(signals)
      task.result(limit)
    },
  }
}

describe.each(Object.entries(faces))('%s', (_name, acquire) => {
  test('takes a free lock, which its guard gives back', async () => {
    const lock = new Lock()
    expect(lock.locked()).toBe(false)
    const guard = await acquire(lock)
    expect(lock.locked()).toBe(true)
    expect(guard.released).toBe(false)
    guard.release()
    expect(guard.released).toBe(true)
    expect(lock.locked()).toBe(false)
  })

  test('throws when the time is up, and leaves the lock usable', async () => {
    const { lock, giveBack } = heldElsewhere()
    for (const timeout of [0, 5, 60]) {
      const error = await (async () => acquire(lock, timeout))().catch(error => error)
      expect(error).toBeInstanceOf(TimeoutError)
      expect(error).toMatchObject({
        code: 'ERR_TIMEOUT',
        message: expect.stringMatching(/held by thread \d+/),
      })
    }
    expect(waitersOf(lock)).toBe(0)
    giveBack()
    const guard = await acquire(lock, limit)
    guard.release()
  })

  test('waits for another thread', async () => {
    const lock = new Lock()
    const taken = new Event()
    const executor = createExecutor()
    const task = executor.submit(tasks, 'releaseWhenWaiting', [lock.shared, taken.shared, 1])
    taken.wait(limit)
    const guard = await acquire(lock, limit)
    task.result(limit)
    guard.release()
  })

  test('says which argument is wrong', async () => {
    const lock = new Lock()
    for (const [timeout, code] of [
      ['1', 'ERR_INVALID_ARG_TYPE'],
      [-1, 'ERR_OUT_OF_RANGE'],
      [Number.NaN, 'ERR_OUT_OF_RANGE'],
    ]) {
      const error = await (async () => acquire(lock, timeout))().catch(error => error)
      expect(error).toMatchObject({ code, message: expect.stringContaining('timeout') })
    }
    expect(lock.locked()).toBe(false)
  })
})

describe('ownership', () => {
  test('another thread cannot release', () => {
    const { lock, giveBack } = heldElsewhere()
    const error = thrownBy(() => lock.release())
    expect(error).toBeInstanceOf(NotOwnerError)
    expect(error).toBeInstanceOf(ExecutorError)
    expect(error).toMatchObject({
      code: 'ERR_NOT_OWNER',
      message: expect.stringMatching(/held by thread [1-9]/),
    })
    expect(lock.locked()).toBe(true)
    giveBack()
  })

  test('the error crosses the channel as what it is', () => {
    const lock = new Lock()
    const guard = lock.acquire()
    const error = thrownBy(() => createExecutor().run(tasks, 'call', [lock.shared, 'release']))
    expect(error).toBeInstanceOf(NotOwnerError)
    expect(error.message).toContain('held by thread 0')
    guard.release()
  })

  test('a free lock cannot be released', () => {
    expect(() => new Lock().release()).toThrow(NotOwnerError)
  })

  test('a guard gives back once, and dispose after that does nothing', () => {
    const lock = new Lock()
    const guard = lock.acquire()
    guard[Symbol.dispose]()
    expect(lock.locked()).toBe(false)
    guard[Symbol.dispose]()
    expect(() => guard.release()).toThrow(NotOwnerError)
  })

  test('a guard gives back only what it acquired', () => {
    const lock = new Lock()
    const guard = lock.acquire()
    lock.release()
    const next = lock.acquire()
    expect(() => guard.release()).toThrow(/another call of this thread/)
    expect(lock.locked()).toBe(true)
    next.release()
  })

  test('two tasks of one thread exclude each other', async () => {
    const lock = new Lock()
    let inside = 0
    let most = 0
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const guard = await lock.acquireAsync()
        most = Math.max(most, ++inside)
        await new Promise(setImmediate)
        inside--
        guard.release()
      }),
    )
    expect(most).toBe(1)
  })

  test('a thread that holds it is told that it would wait for itself, unless it has a timeout', async () => {
    const lock = new Lock()
    for (const acquire of Object.values(faces)) {
      const guard = await acquire(lock)
      const error = thrownBy(() => lock.acquire())
      expect(error).toBeInstanceOf(DeadlockError)
      expect(() => lock.acquire(5)).toThrow(TimeoutError)
      guard.release()
    }
  })
})

describe('tryAcquire', () => {
  test('gives a guard, or undefined while the lock is held', () => {
    const lock = new Lock()
    const guard = lock.tryAcquire()
    expect(lock.tryAcquire()).toBeUndefined()
    guard.release()
    lock.tryAcquire().release()
  })

  test('does not slip in before those who wait', async () => {
    const lock = new Lock()
    const guard = lock.acquire()
    const waiting = lock.acquireAsync()
    guard.release()
    expect(lock.locked()).toBe(false)
    expect(lock.tryAcquire()).toBeUndefined()
    const next = await waiting
    next.release()
  })
})

describe('the order', () => {
  test('is that of coming, among 1,000 tasks of one thread', async () => {
    const lock = new Lock()
    const order = []
    const guard = lock.acquire()
    const all = Array.from({ length: 1_000 }, async (_, index) => {
      const own = await lock.acquireAsync()
      order.push(index)
      if (index % 3 === 0) await null
      own.release()
    })
    guard.release()
    await Promise.all(all)
    expect(order).toEqual(order.map((_, index) => index))
  })

  test.each([2 ** 31 - 20, -20])('survives the wrap of its tickets, from %i', async lastTicket => {
    const lock = new Lock()
    lock.shared.words[3] = lastTicket
    const order = []
    const guard = lock.acquire()
    const all = Array.from({ length: 100 }, async (_, index) => {
      const own = await lock.acquireAsync({ timeout: limit })
      order.push(index)
      own.release()
    })
    guard.release()
    await Promise.all(all)
    expect(order).toEqual(order.map((_, index) => index))
    expect(lock.shared.words[3]).toBe((lastTicket + 100 + (lastTicket < 0 ? 1 : 0)) | 0)
  })

  test('is that of coming, whether blocked or awaiting, in three threads', async () => {
    const lock = new Lock()
    const signals = createSignals(100)
    const [blocking, awaiting] = [createExecutor(1), createExecutor(50)]
    const held = lock.acquire()
    const pending = []
    for (let number = 0; number < 40; number++) {
      // One thread can be blocked once only.
      if (number === 25) pending.push(blocking.submit(tasks, 'acquireAndLog', [lock.shared, signals, number]))
      else if (number % 2 === 0)
        pending.push(awaiting.submit(tasks, 'acquireAndLogAsync', [lock.shared, signals, number]))
      else
        pending.push(
          lock.acquireAsync().then(guard => {
            signals[6 + Atomics.add(signals, 5, 1)] = number
            guard.release()
          }),
        )
      awaitWaiters(lock, number + 1)
    }
    held.release()
    await Promise.all(pending.map(one => (one instanceof Promise ? one : one.promise())))
    expect(logged(signals)).toEqual(Array.from({ length: 40 }, (_, number) => number))
  })

  test('lets a blocked thread go before its own tasks, which could not run', async () => {
    const lock = new Lock()
    const taken = new Event()
    const task = createExecutor().submit(tasks, 'releaseWhenWaiting', [lock.shared, taken.shared, 2])
    taken.wait(limit)
    const awaiting = lock.acquireAsync()
    const guard = lock.acquire(limit)
    task.result(limit)
    guard.release()
    const next = await awaiting
    next.release()
  })

  test('is kept when a hook of a blocked thread comes for the same lock', async () => {
    const { whileBlocked } = createRequire(import.meta.url)('../../dist/channel.js')
    const { lock, giveBack } = heldElsewhere()
    const inner = []
    const hook = () => {
      whileBlocked.delete(hook)
      inner.push(thrownBy(() => lock.acquire(5)).code, waitersOf(lock))
      giveBack()
      lock.acquire(limit).release()
      inner.push('acquired')
    }
    whileBlocked.add(hook)
    const guard = lock.acquire(limit)
    expect(inner).toEqual(['ERR_TIMEOUT', 1, 'acquired'])
    guard.release()
    expect(waitersOf(lock)).toBe(0)
  })

  test('passes over a thread whose turn it is, while it is busy with something else', async () => {
    const lock = new Lock()
    const signals = createSignals(1)
    const guard = lock.acquire()
    const task = createExecutor().submit(tasks, 'waitInLineAndBlock', [lock.shared, signals])
    awaitSignal(signals, Signal.Started, 1)
    guard.release()
    const other = lock.acquire(limit)
    openGate(signals)
    other.release()
    await task.promise() // it has kept its place, and gets its turn
    expect(logged(signals)).toEqual([1])
  })
})

describe('a signal', () => {
  test('ends the wait, with its reason as the cause', async () => {
    const { lock, giveBack } = heldElsewhere()
    const controller = new AbortController()
    const reason = new Error('no longer needed')
    const waiting = lock.acquireAsync({ signal: controller.signal })
    controller.abort(reason)
    const error = await waiting.catch(error => error)
    expect(error).toBeInstanceOf(CancelledError)
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', cause: reason })
    expect(waitersOf(lock)).toBe(0)
    giveBack()
    lock.acquire(limit).release()
  })

  test('that is aborted already lets nothing be acquired', async () => {
    const lock = new Lock()
    await expect(lock.acquireAsync({ signal: AbortSignal.abort() })).rejects.toThrow(CancelledError)
    expect(lock.locked()).toBe(false)
  })

  test('passes the turn on to the next', async () => {
    const lock = new Lock()
    const guard = lock.acquire()
    const controller = new AbortController()
    const first = lock.acquireAsync({ signal: controller.signal })
    const second = lock.acquireAsync()
    guard.release() // it is the first one's turn, who has not come yet
    controller.abort()
    await expect(first).rejects.toThrow(CancelledError)
    const next = await second
    next.release()
  })

  test('keeps no listener, however the wait ends', async () => {
    const lock = new Lock()
    const { signal } = new AbortController()
    const free = await lock.acquireAsync({ signal })
    const waiting = lock.acquireAsync({ signal })
    expect(getEventListeners(signal, 'abort')).toHaveLength(1)
    await expect(lock.acquireAsync({ signal, timeout: 1 })).rejects.toThrow(TimeoutError)
    free.release()
    const guard = await waiting
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
    guard.release()
  })

  test('must be one', async () => {
    const lock = new Lock()
    await expect(lock.acquireAsync({ signal: 1 })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    await expect(lock.acquireAsync({ sginal: undefined, timeuot: 1 })).rejects.toMatchObject({
      message: expect.stringContaining('timeuot'),
    })
  })

  test('must be more than look like one, and takes no place in the line otherwise', async () => {
    const lock = new Lock()
    const guard = lock.acquire()
    const signal = { aborted: false, reason: undefined }
    await expect(lock.acquireAsync({ signal })).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
    guard.release()
    expect(waitersOf(lock)).toBe(0)
    expect(lock.locked()).toBe(false)
  })

  test('that cannot be listened to keeps no place in the line', async () => {
    const lock = new Lock()
    const guard = lock.acquire()
    const { signal } = new AbortController()
    signal.addEventListener = () => {
      throw new Error('deaf')
    }
    const deaf = lock.acquireAsync({ signal, timeout: limit })
    const next = lock.acquireAsync({ timeout: limit })
    await expect(deaf).rejects.toThrow('deaf')
    expect(waitersOf(lock)).toBe(1)
    guard.release()
    const own = await next
    own.release()
    expect(lock.locked()).toBe(false)
  })
})

describe('recover', () => {
  test('has nothing to take over while the lock is free or held', () => {
    const lock = new Lock()
    expect(lock.recover()).toBeUndefined()
    const guard = lock.acquire()
    expect(lock.recover()).toBeUndefined()
    guard.release()
  })

  test('takes over what a task left when its worker died, while others go on waiting', async () => {
    const lock = new Lock()
    const executor = createExecutor()
    expect(() => executor.run(tasks, 'exitHolding', [lock.shared])).toThrow('exited with code 4')
    const error = thrownBy(() => lock.acquire(limit))
    expect(error).toBeInstanceOf(AbandonedError)
    expect(error).toMatchObject({ code: 'ERR_ABANDONED', message: expect.stringMatching(/thread \d+ ended/) })
    await expect(lock.acquireAsync()).rejects.toThrow(AbandonedError)
    const guard = lock.recover()
    const next = lock.acquireAsync()
    expect(lock.recover()).toBeUndefined()
    guard.release()
    const last = await next
    last.release()
  })
})

describe('more threads than a primitive has places for', () => {
  test('are told so', async () => {
    const lock = new Lock()
    occupySlots(lock, 128, threadId)
    const error = thrownBy(() => lock.acquire())
    expect(error).toBeInstanceOf(ExecutorError)
    expect(error.message).toContain('more than 128 threads')
    await expect(lock.acquireAsync()).rejects.toThrow('more than 128 threads')
  })

  test('take the places of those that have died', async () => {
    const lock = new Lock() // from now on this thread watches its workers
    const worker = new Worker('', { eval: true })
    const dead = worker.threadId
    await new Promise(resolve => worker.on('exit', resolve))
    occupySlots(lock, 128, dead)
    const guard = lock.acquire()
    guard.release()
    expect(lock.locked()).toBe(false)
  })
})
