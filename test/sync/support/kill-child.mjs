/*
 * `node kill-child.mjs <kind> <first seed> <seeds>`: two threads do nothing but use a primitive, and are terminated in
 * the midst of it; then it is looked at whether the primitive is whole. For each seed, in a new pair of threads.
 */
import { isMainThread, Worker, workerData } from 'node:worker_threads'
import { AbandonedError, Barrier, Condition, Event, Lock, Queue, Semaphore } from 'async-pool-executor/sync'
import { randomOf } from '../../proof/support/random.mjs'

const limit = 10_000

const kinds = {
  Lock: {
    create: () => new Lock(),
    async use(lock, isAsync) {
      const guard = isAsync ? await lock.acquireAsync() : lock.acquire()
      guard.release()
    },
    check(lock, note) {
      try {
        lock.acquire(limit).release()
      } catch (error) {
        if (!(error instanceof AbandonedError)) throw error
        note('abandoned')
        lock.recover().release()
      }
      if (lock.locked()) return 'locked'
      const guard = lock.tryAcquire()
      return guard === undefined ? 'not to be had' : undefined
    },
  },
  Semaphore: {
    create: () => new Semaphore(3),
    async use(semaphore, isAsync) {
      const guards = []
      try {
        for (let count = 0; count < 2; count++)
          guards.push(isAsync ? await semaphore.acquireAsync({ timeout: 1 }) : semaphore.acquire(1))
      } finally {
        for (const guard of guards) guard.release()
      }
    },
    check(semaphore) {
      const guards = [semaphore.acquire(limit), semaphore.acquire(limit), semaphore.acquire(limit)]
      if (semaphore.available !== 0) return `${semaphore.available} permits too many`
      for (const guard of guards) guard.release()
    },
  },
  Queue: {
    create: () => new Queue({ bytes: 128 * 40, maxSize: 10 }),
    async use(queue, isAsync, random) {
      const item = 'x'.repeat(random.below(1_000))
      const options = { priority: random.below(3) }
      if (random.below(50) > 0) queue.tryPut(item, options)
      else if (isAsync) await queue.putAsync(item, { ...options, timeout: 1 })
      else queue.put(item, { ...options, timeout: 1 })
      queue.tryGet()
      if (random.below(10) === 0) queue.tryGet()
    },
    check(queue) {
      for (let item = queue.tryGet(); item !== undefined; item = queue.tryGet())
        if (!/^x*$/.test(item)) return 'a broken item'
      // Whatever the dead have left, all of the memory is there to be used again.
      const whole = 'x'.repeat(128 * 40 - 40 * 4 - 30)
      queue.put(whole, { timeout: limit })
      return queue.get(0) === whole ? undefined : 'a broken item'
    },
  },
  Event: {
    create: () => new Event(),
    async use(event, isAsync, random) {
      if (random.below(2) === 0) event.set()
      else event.clear()
      try {
        if (isAsync) await event.waitAsync({ timeout: 1 })
        else event.wait(1)
      } catch {}
    },
    check(event) {
      event.set()
      event.wait(limit)
    },
  },
  Barrier: {
    create: () => new Barrier(2),
    async use(barrier, isAsync) {
      if (isAsync) await barrier.waitAsync()
      else barrier.wait()
    },
    check(barrier) {
      barrier.reset()
      return barrier.waiting === 0 ? undefined : 'somebody is left'
    },
  },
  Condition: {
    create: () => new Condition(),
    async use(condition, isAsync) {
      const guard = isAsync ? await condition.acquireAsync() : condition.acquire()
      condition.notify()
      try {
        if (isAsync) await condition.waitAsync({ timeout: 1 })
        else condition.wait(1)
      } catch (error) {
        if (error.code !== 'ERR_TIMEOUT') throw error
      }
      guard.release()
    },
    check(condition, note) {
      const result = kinds.Lock.check(condition.lock, note)
      condition.lock.release()
      return result
    },
  },
}

if (isMainThread) await main()
else {
  const { kind, shared, seed, isAsync, rounds } = workerData
  const random = randomOf(seed)
  const primitive = { Barrier, Condition, Event, Lock, Queue, Semaphore }[kind].from(shared)
  for (;;) {
    try {
      await kinds[kind].use(primitive, isAsync, random)
    } catch (error) {
      // Of a partner that has been killed a little earlier, or of one that has all there is.
      if (!/^ERR_(ABANDONED|TIMEOUT|BROKEN_BARRIER|QUEUE_FULL)$/.test(error.code)) throw error
    }
    Atomics.add(rounds, 0, 1)
    Atomics.notify(rounds, 0)
    if (isAsync && random.below(50) === 0) await new Promise(setImmediate)
  }
}

async function main() {
  const [kind, first, seeds] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
  const problems = []
  let abandoned = 0
  let rounds = 0
  for (let seed = first; seed < first + seeds; seed++) {
    const primitive = kinds[kind].create()
    rounds += await killInTheMidst(kind, primitive, seed)
    const problem = kinds[kind].check(primitive, () => abandoned++)
    if (problem !== undefined) problems.push(`seed ${seed}: ${problem}`)
  }
  console.log(JSON.stringify({ kind, seeds, rounds, abandoned, problems }))
}

async function killInTheMidst(kind, primitive, seed) {
  const random = randomOf(seed)
  const rounds = new Int32Array(new SharedArrayBuffer(4))
  const workers = [0, 1].map(
    index =>
      new Worker(new URL(import.meta.url), {
        workerData: {
          kind,
          shared: primitive.shared,
          seed: 2 * seed + index,
          isAsync: random.below(2) === 0,
          rounds,
        },
      }),
  )
  const enough = 20 + random.below(400)
  for (let seen = 0; seen < enough; seen = Atomics.load(rounds, 0)) {
    if (Atomics.wait(rounds, 0, seen, limit) === 'timed-out')
      throw new Error(`seed ${seed}: stuck after ${seen} rounds`)
  }
  for (let end = performance.now() + random.below(1_000) / 1_000; performance.now() < end; );
  await Promise.all(workers.map(worker => worker.terminate()))
  return Atomics.load(rounds, 0)
}
