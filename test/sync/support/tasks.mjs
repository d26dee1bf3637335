/* Tasks that use primitives in other threads, by their `shared`. */
import { Barrier, Condition, Event, Lock, Queue, Semaphore } from 'async-pool-executor/sync'
import { log } from '../../fixtures/tasks.mjs'

const classes = { Barrier, Condition, Event, Lock, Queue, Semaphore }

function live(shared) {
  return classes[shared.kind].from(shared)
}

const Gate = 0
const Started = 3

/** Takes what it acquires, sets the event `taken`, and gives it back when the gate is open; see test/fixtures. */
export async function hold(shared, taken, words) {
  const guard = live(shared).acquire(10_000)
  live(taken).set()
  while (Atomics.load(words, Gate) === 0) await Atomics.waitAsync(words, Gate, 0).value
  guard.release()
}

/** Leaves it to itself. */
export function acquire(shared) {
  live(shared).acquire(10_000)
}

export function acquireAndLog(shared, words, number) {
  const guard = live(shared).acquire(10_000)
  log(words, number)
  guard.release()
}

export async function acquireAndLogAsync(shared, words, number) {
  const guard = await live(shared).acquireAsync({ timeout: 10_000 })
  log(words, number)
  guard.release()
}

/** Takes a place in the line of an awaiting caller, and then keeps its thread from turning until the gate is open. */
export function waitInLineAndBlock(shared, words) {
  const acquired = live(shared).acquireAsync({ timeout: 20_000 })
  Atomics.store(words, Started, 1)
  Atomics.notify(words, Started)
  Atomics.wait(words, Gate, 0, 20_000)
  return acquired.then(guard => {
    log(words, 1)
    guard.release()
  })
}

/** Calls a method of a primitive, and gives what it throws. */
export async function call(shared, method, ...args) {
  return live(shared)[method](...args)
}

/** Sets an event, or the like, as soon as so many wait. */
export async function callWhenWaiting(shared, count, method, ...args) {
  const { awaitWaiters } = await import('./waiters.mjs')
  const primitive = live(shared)
  awaitWaiters(primitive, count)
  return primitive[method](...args)
}

export async function releaseWhenWaiting(shared, taken, count) {
  const { awaitWaiters } = await import('./waiters.mjs')
  const primitive = live(shared)
  const guard = primitive.acquire(10_000)
  live(taken).set()
  awaitWaiters(primitive, count)
  guard.release()
}

export async function waitAndLog(shared, words, number) {
  const primitive = live(shared)
  const guard = primitive.lock?.acquire(10_000)
  primitive.wait(10_000)
  log(words, number)
  guard?.release()
}

export async function waitAndLogAsync(shared, words, number) {
  const primitive = live(shared)
  const guard = await primitive.lock?.acquireAsync({ timeout: 10_000 })
  await primitive.waitAsync({ timeout: 10_000 })
  log(words, number)
  guard?.release()
}

export async function getAll(shared, count, isBlocking) {
  const queue = live(shared)
  const items = []
  while (items.length < count)
    items.push(isBlocking ? queue.get(10_000) : await queue.getAsync({ timeout: 10_000 }))
  return items
}

export async function putAll(shared, items, isBlocking) {
  const queue = live(shared)
  for (const item of items) {
    if (isBlocking) queue.put(item, { timeout: 10_000 })
    else await queue.putAsync(item, { timeout: 10_000 })
  }
}

export function exitHolding(shared) {
  live(shared).acquire(10_000)
  process.exit(4)
}

export async function notifyWhenWaiting(shared, count) {
  const { awaitWaiters } = await import('./waiters.mjs')
  const condition = live(shared)
  awaitWaiters(condition, count)
  const guard = condition.acquire(10_000)
  condition.notify()
  guard.release()
}

export function countUpAndNotify(shared, words, limit) {
  const condition = live(shared)
  for (let count = 1; count <= limit; count++) {
    const guard = condition.acquire(10_000)
    words[0] = count
    condition.notifyAll()
    guard.release()
  }
}
