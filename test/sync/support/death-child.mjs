/*
 * `node death-child.mjs <way> <waiter>`: a thread holds things, waits for others, and dies; what do those who wait for
 * it get? With HIDE_PROC=1 the system does not tell which threads there are, as on other systems than Linux.
 */
if (process.env.HIDE_PROC) Object.defineProperty(process, 'platform', { value: 'sunos' })
const { isMainThread, parentPort, Worker, workerData } = await import('node:worker_threads')
const { AbandonedError, Barrier, Condition, Lock, Queue, Semaphore } = await import(
  'async-pool-executor/sync'
)
const { awaitWaiters } = await import('./waiters.mjs')

const limit = 10_000
const [way, waiter] = process.argv.slice(2)

/** How the thread dies, seen from inside; those that it does not do itself only say that it is ready. */
const ways = {
  exit: () => process.exit(3),
  uncaught() {
    throw new Error('the end')
  },
  rejection() {
    Promise.reject(new Error('the end'))
  },
  memory() {
    const kept = []
    for (;;) kept.push(new Array(1e5).fill({ kept: true }))
  },
  terminate: () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0),
  loop() {
    for (;;);
  },
}

/** Those that the main thread does to it. */
const isFromOutside = way === 'terminate' || way === 'loop'

const Ready = 0
const Die = 1

const create = () => ({
  held: new Lock(),
  mine: new Lock(),
  semaphore: new Semaphore(2),
  barrier: new Barrier(3),
  condition: new Condition(),
  queue: new Queue(),
})

const revive = ({ held, mine, semaphore, barrier, condition, queue }) => ({
  held: Lock.from(held.shared),
  mine: Lock.from(mine.shared),
  semaphore: Semaphore.from(semaphore.shared),
  barrier: Barrier.from(barrier.shared),
  condition: Condition.from(condition.shared),
  queue: Queue.from(queue.shared),
})

if (isMainThread) await main()
else if (workerData.role === 'victim') victim()
else bystander()

function victim() {
  const { held, mine, semaphore, barrier, condition, queue } = revive(workerData.shared)
  held.acquire()
  semaphore.acquire()
  semaphore.acquire()
  barrier.waitAsync()
  queue.getAsync()
  mine.acquireAsync()
  condition.acquire()
  const { signals } = workerData
  signals[Ready] = 1
  Atomics.notify(signals, Ready)
  Atomics.waitAsync(signals, Die, 0).value.then(() => setImmediate(ways[workerData.way]))
  setInterval(() => {}, 1e6)
}

/** Blocks in a thread of its own. */
function bystander() {
  parentPort.postMessage(attempt(() => Lock.from(workerData.shared.held.shared).acquire(limit)))
}

function attempt(acquire) {
  try {
    acquire().release()
    return 'acquired'
  } catch (error) {
    return `${error.name} ${error.code}`
  }
}

async function main() {
  const shared = create()
  const { held, mine, semaphore, barrier, condition, queue } = shared
  const found = {}
  const guard = mine.acquire()
  const round = barrier.waitAsync()
  round.catch(() => {})
  const signals = new Int32Array(new SharedArrayBuffer(8))
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { role: 'victim', way, shared, signals },
    resourceLimits: { maxOldGenerationSizeMb: 40 },
  })
  worker.on('error', () => {})
  Atomics.wait(signals, Ready, 0, limit)
  const kill = () => {
    Atomics.store(signals, Die, 1)
    Atomics.notify(signals, Die)
    if (isFromOutside) worker.terminate()
  }

  const waiters = {
    blocking() {
      kill()
      return attempt(() => held.acquire(limit))
    },
    async awaiting() {
      const pending = held.acquireAsync({ timeout: limit }).then(
        guard => `${guard} acquired`,
        error => `${error.name} ${error.code}`,
      )
      kill()
      return pending
    },
    async elsewhere() {
      const other = new Worker(new URL(import.meta.url), { workerData: { role: 'bystander', shared } })
      awaitWaiters(held, 1)
      kill()
      return new Promise((resolve, reject) => other.on('message', resolve).on('error', reject))
    },
  }
  found.held = await waiters[waiter]()
  found.again = attempt(() => held.acquire(limit))
  found.tried = attempt(() => held.tryAcquire())
  found.locked = held.locked()
  const recovered = held.recover()
  found.recovered = [recovered !== undefined, held.recover() === undefined]
  recovered.release()
  found.afterwards = attempt(() => held.acquire(limit))

  for (const permit of [semaphore.acquire(limit), semaphore.acquire(limit)]) permit.release()
  found.available = semaphore.available
  found.barrier = await round.catch(error => error.code)
  queue.put('item')
  found.queue = queue.get(limit)
  guard.release()
  found.mine = attempt(() => mine.acquire(limit))
  found.condition = attempt(() => condition.acquire(limit))
  found.isAbandoned = (() => {
    try {
      condition.lock.tryAcquire()
      return false
    } catch (error) {
      return error instanceof AbandonedError
    }
  })()
  console.log(JSON.stringify(found))
}
