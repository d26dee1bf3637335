/*
 * `node stress-child.mjs <scenario> <operations per thread> <seed>`: four threads, two that block and two that await, in
 * which several tasks take turns.
 *
 * Nobody looks again by itself here: without their slices, a thread whose wake-up is lost sleeps for ever.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { Barrier, Condition, Event, Lock, Queue, Semaphore } from 'async-pool-executor/sync'
import { randomOf } from '../../proof/support/random.mjs'

const threads = 4
const tasksPerThread = 5
const permits = 3
const bufferSize = 4

const scenarios = {
  lock: {
    create: () => ({ lock: new Lock(), words: words(2) }),
    async blocking({ lock, words }, count) {
      for (let done = 0; done < count; done++) {
        const guard = lock.acquire()
        increment(words)
        guard.release()
      }
    },
    async awaiting({ lock, words }, count, random) {
      await inTasks(count, async () => {
        const guard = await lock.acquireAsync()
        const before = words[0]
        if (random.below(20) === 0) await null
        if (words[0] !== before) throw new Error('somebody else was in')
        increment(words)
        guard.release()
      })
    },
    check: ({ lock, words }, count) => ({
      lost: threads * count - words[0],
      torn: words[0] - words[1],
      locked: lock.locked(),
    }),
    expected: { lost: 0, torn: 0, locked: false },
  },

  semaphore: {
    create: () => ({ semaphore: new Semaphore(permits), words: words(2) }),
    async blocking({ semaphore, words }, count) {
      for (let done = 0; done < count; done++) {
        const guard = semaphore.acquire()
        enter(words)
        Atomics.sub(words, 0, 1)
        guard.release()
      }
    },
    async awaiting({ semaphore, words }, count, random) {
      await inTasks(count, async () => {
        const guard = await semaphore.acquireAsync()
        enter(words)
        if (random.below(20) === 0) await null
        Atomics.sub(words, 0, 1)
        guard.release()
      })
    },
    check: ({ semaphore, words }) => ({ inside: words[0], most: words[1], available: semaphore.available }),
    expected: { inside: 0, most: permits, available: permits },
  },

  /** A token goes round: each thread waits for its event, clears it, and sets the next one's. */
  event: {
    create: () => ({ events: Array.from({ length: threads }, () => new Event()), words: words(1) }),
    start: ({ events }) => events[0].set(),
    async blocking({ events, words }, count, _random, index) {
      for (let round = 0; round < count; round++) {
        events[index].wait()
        passToken(events, words, index)
      }
    },
    async awaiting({ events, words }, count, _random, index) {
      for (let round = 0; round < count; round++) {
        await events[index].waitAsync()
        passToken(events, words, index)
      }
    },
    check: ({ words }, count) => ({ missing: threads * count - words[0] }),
    expected: { missing: 0 },
  },

  /** A ring buffer between two producers and two consumers. */
  condition: {
    create() {
      const notFull = new Condition()
      return { notFull, notEmpty: new Condition(notFull.lock), words: words(5 + bufferSize) }
    },
    async blocking(shared, count, random, index) {
      for (let done = 0; done < count; done++) {
        const { mine, ready } = side(shared, index)
        const guard = mine.acquire()
        mine.waitFor(ready)
        turn(shared, index, random)
        guard.release()
      }
    },
    async awaiting(shared, count, random, index) {
      await inTasks(count, async () => {
        const { mine, ready } = side(shared, index)
        const guard = await mine.acquireAsync()
        await mine.waitForAsync(ready)
        turn(shared, index, random)
        guard.release()
      })
    },
    check: ({ words }, count) => ({
      left: words[0],
      produced: words[3] - 2 * count,
      sums: words[1] - words[2],
    }),
    expected: { left: 0, produced: 0, sums: 0 },
  },

  barrier: {
    create: () => ({ barrier: new Barrier(threads), words: words(2) }),
    async blocking({ barrier, words }, count) {
      for (let round = 1; round <= count; round++) {
        Atomics.add(words, 0, 1)
        noteIndex(words, barrier.wait())
        checkRound(words, round)
        barrier.wait()
      }
    },
    async awaiting({ barrier, words }, count) {
      for (let round = 1; round <= count; round++) {
        Atomics.add(words, 0, 1)
        noteIndex(words, await barrier.waitAsync())
        checkRound(words, round)
        await barrier.waitAsync()
      }
    },
    check: ({ words, barrier }, count) => ({ indexes: words[1] - 6 * count, waiting: barrier.waiting }),
    expected: { indexes: 0, waiting: 0 },
  },

  /** A blocking and an awaiting producer, a blocking and an awaiting consumer. */
  queue: {
    create: () => ({ queue: new Queue({ maxSize: 7, bytes: 128 * 12 }), words: words(1) }),
    async blocking({ queue }, count, random, index) {
      if (index < 2) for (let number = 0; number < count; number++) queue.put(item(index, number, random))
      else return consume(count, () => queue.get())
    },
    async awaiting({ queue }, count, random, index) {
      if (index >= 2) return consume(count, () => queue.getAsync())
      for (let number = 0; number < count; number++) await queue.putAsync(item(index, number, random))
    },
    check: ({ queue }, count, reports) => ({
      size: queue.size,
      problems: checkConsumed(reports.slice(2), count),
    }),
    expected: { size: 0, problems: [] },
  },

  /** Waits end by timeout, by signal or with success, often at the same moment. */
  races: {
    keepsSlices: true,
    create: () => ({ semaphore: new Semaphore(permits), lock: new Lock(), words: words(2) }),
    async blocking({ semaphore, lock, words }, count, random) {
      for (let done = 0; done < count; done++) {
        unlessOver(() => {
          const guard = semaphore.acquire(random.below(100) / 100)
          enter(words)
          unlessOver(() => lock.acquire(random.below(100) / 200).release())
          Atomics.sub(words, 0, 1)
          guard.release()
        })
      }
    },
    async awaiting({ semaphore, lock, words }, count, random) {
      await inTasks(count, async () => {
        const limit = () =>
          random.below(2) === 0 ? { timeout: 1 + random.below(2) } : { signal: soonAborted(random) }
        try {
          const guard = await semaphore.acquireAsync(limit())
          enter(words)
          try {
            const inner = await lock.acquireAsync(limit())
            if (random.below(3) === 0) await null
            inner.release()
          } finally {
            Atomics.sub(words, 0, 1)
            guard.release()
          }
        } catch (error) {
          if (!isOver(error)) throw error
        }
      })
    },
    check: ({ semaphore, lock, words }) => ({
      inside: words[0],
      tooMany: words[1] > permits,
      available: semaphore.available,
      locked: lock.locked(),
    }),
    expected: { inside: 0, tooMany: false, available: permits, locked: false },
  },
}

function words(length) {
  return new Int32Array(new SharedArrayBuffer(4 * length))
}

async function inTasks(count, task) {
  let left = count
  const runner = async () => {
    while (left-- > 0) await task()
  }
  await Promise.all(Array.from({ length: tasksPerThread }, runner))
}

/** Not atomic: two threads that do this at once lose one. */
function increment(words) {
  const value = words[0]
  for (let step = 0; step < 20; step++) if (words[1] !== value) throw new Error('somebody else was in')
  words[0] = value + 1
  words[1] = value + 1
}

/** Counts those inside, and the most that there have been. */
function enter(words) {
  const inside = Atomics.add(words, 0, 1) + 1
  for (let most = Atomics.load(words, 1); most < inside; most = Atomics.load(words, 1))
    Atomics.compareExchange(words, 1, most, inside)
}

function passToken(events, words, index) {
  events[index].clear()
  words[0]++
  events[(index + 1) % threads].set()
}

const isProducer = index => index % 2 === 0

function side({ notFull, notEmpty, words }, index) {
  return isProducer(index)
    ? { mine: notFull, ready: () => words[0] < bufferSize }
    : { mine: notEmpty, ready: () => words[0] > 0 }
}

/** words: how many are in the buffer, sum put, sum taken, puts, takes, the buffer */
function turn({ notFull, notEmpty, words }, index, random) {
  if (isProducer(index)) {
    const value = random.below(100)
    words[5 + (words[3]++ % bufferSize)] = value
    words[1] += value
    words[0]++
    notEmpty.notify()
  } else {
    words[2] += words[5 + (words[4]++ % bufferSize)]
    words[0]--
    notFull.notify()
  }
}

function noteIndex(words, index) {
  Atomics.add(words, 1, index)
}

function checkRound(words, round) {
  const arrived = Atomics.load(words, 0)
  if (arrived !== threads * round) throw new Error(`${arrived} arrivals after round ${round}`)
}

function item(producer, number, random) {
  return [producer, number, 'x'.repeat(random.below(20) === 0 ? random.below(1000) : 0)]
}

async function consume(count, get) {
  const numbers = [[], []]
  for (let taken = 0; taken < count; taken++) {
    const [producer, number] = await get()
    numbers[producer].push(number)
  }
  return numbers
}

function checkConsumed(consumers, count) {
  const problems = []
  for (const producer of [0, 1]) {
    const seen = consumers.map(numbers => numbers[producer])
    for (const numbers of seen)
      if (numbers.some((number, index) => index > 0 && number <= numbers[index - 1]))
        problems.push(`the items of producer ${producer} are out of order`)
    const all = new Set(seen.flat())
    if (all.size !== count || seen.flat().length !== count)
      problems.push(
        `of ${count} items of producer ${producer}, ${seen.flat().length} came, ${all.size} of them different`,
      )
  }
  return problems
}

function isOver(error) {
  return error.code === 'ERR_TIMEOUT' || error.code === 'ERR_CANCELLED'
}

function unlessOver(run) {
  try {
    run()
  } catch (error) {
    if (!isOver(error)) throw error
  }
}

function soonAborted(random) {
  const controller = new AbortController()
  const abort = () => controller.abort()
  if (random.below(2) === 0) setImmediate(abort)
  else queueMicrotask(abort)
  return controller.signal
}

/** So that only a wake-up ends a wait. */
function takeSlicesAway() {
  const { wait } = Atomics
  Atomics.wait = (array, index, value) => wait(array, index, value)
  const { setInterval } = globalThis
  globalThis.setInterval = () => setInterval(() => {}, 1e6)
}

const classes = { Barrier, Condition, Event, Lock, Queue, Semaphore }

/** What a message has left of it. */
function revived(value) {
  if (Array.isArray(value)) return value.map(revived)
  return value.shared === undefined ? value : classes[value.shared.kind].from(value.shared)
}

if (isMainThread) await main(process.argv[2], Number(process.argv[3]), Number(process.argv[4]))
else {
  const { scenario, shared, count, seed, index } = workerData
  const { blocking, awaiting, keepsSlices } = scenarios[scenario]
  if (!keepsSlices) takeSlicesAway()
  const live = Object.fromEntries(Object.entries(shared).map(([name, value]) => [name, revived(value)]))
  // Two that block and two that await, on either side of a queue or a buffer.
  const isBlocking = index === 0 || index === 3
  parentPort.postMessage(await (isBlocking ? blocking : awaiting)(live, count, randomOf(seed + index), index))
}

async function main(scenario, count, seed) {
  const { create, start, check, expected } = scenarios[scenario]
  const shared = create()
  const begun = performance.now()
  const reports = Array.from({ length: threads }, (_, index) => {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { scenario, shared, count, seed, index },
    })
    return new Promise((resolve, reject) => worker.on('message', resolve).on('error', reject))
  })
  start?.(shared)
  const found = check(shared, count, await Promise.all(reports))
  const seconds = Number(((performance.now() - begun) / 1000).toFixed(1))
  console.log(JSON.stringify({ scenario, operations: threads * count, seconds, found, expected }))
}
