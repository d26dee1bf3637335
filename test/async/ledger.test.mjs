import { describe, expect, test } from 'vitest'
import { createPool, randomFrom, settle } from './support.mjs'

const seeds = 300
const callsPerSeed = 60

/** One seed: random calls, cancels, aborts, timeouts, pauses and resizes, and what they must never do. */
async function play(seed) {
  const random = randomFrom(seed)
  const chance = probability => random(1) < probability
  const queueSize = Math.floor(random(4))
  const pool = createPool({ size: 1 + Math.floor(random(4)), queueSize })
  const problems = []
  const outcomes = { fulfilled: 0, rejected: 0, refused: 0 }
  const ledger = { running: 0, started: 0, settled: new Map() }
  const controllers = Array.from({ length: 4 }, () => new AbortController())
  let allowed = pool.size

  async function task(id, turns, fails) {
    ledger.started++
    ledger.running++
    if (ledger.running > allowed) problems.push(`${ledger.running} run, ${allowed} may`)
    const { queued } = pool.stats()
    if (queued > queueSize) problems.push(`${queued} are queued, ${queueSize} may`)
    for (; turns > 0; turns--) await (turns % 2 ? null : new Promise(resolve => setImmediate(resolve)))
    ledger.running--
    if (fails) throw new Error(`failure of ${id}`)
    return id
  }

  function note(id, outcome) {
    if (ledger.settled.has(id)) problems.push(`${id} settled as ${ledger.settled.get(id)} and ${outcome}`)
    ledger.settled.set(id, outcome)
  }

  async function call(id) {
    const face = pool.with({
      priority: Math.floor(random(3)),
      ...(chance(0.3) && { signal: controllers[Math.floor(random(4))].signal }),
      ...(chance(0.2) && { timeout: 0 }),
      ...(chance(0.2) && { submitTimeout: 0 }),
    })
    const args = [id, Math.floor(random(6)), chance(0.2)]
    try {
      if (chance(0.5)) {
        if ((await face.run(task, ...args)) !== id) problems.push(`${id} has the result of another`)
      } else {
        const future = await (chance(0.3) ? face.trySubmit(task, ...args) : face.submit(task, ...args))
        if (future === undefined) return note(id, 'refused')
        if (chance(0.3)) setImmediate(() => future.cancel())
        await future.promise
      }
      note(id, 'fulfilled')
    } catch (error) {
      const isRefusal = error.code === 'ERR_QUEUE_FULL' || error.message.includes('was not accepted')
      note(id, isRefusal ? 'refused' : 'rejected')
    }
  }

  const calls = []
  for (let id = 1; id <= callsPerSeed; id++) {
    calls.push(call(id))
    if (chance(0.1)) await null
    if (chance(0.1)) await settle()
    if (chance(0.05)) pool.pause()
    if (chance(0.2)) pool.resume()
    if (chance(0.05)) controllers[Math.floor(random(4))].abort()
    if (chance(0.1)) {
      const size = 1 + Math.floor(random(5))
      allowed = Math.max(allowed, size) // what ran when it was lowered may end in peace
      pool.resize(size)
    }
  }
  pool.resume()
  await pool.join()
  await Promise.all(calls)
  for (const outcome of ledger.settled.values()) outcomes[outcome]++
  const { completed, failed, cancelled, running, queued, waiting } = pool.stats()
  const settled = outcomes.fulfilled + outcomes.rejected
  if (ledger.settled.size !== callsPerSeed) problems.push(`${ledger.settled.size} calls settled`)
  if (completed !== outcomes.fulfilled) problems.push(`${completed} completed, ${outcomes.fulfilled} seen`)
  if (completed + failed + cancelled !== settled) problems.push('the totals do not add up')
  if (running + queued + waiting + ledger.running !== 0) problems.push('something is left')
  return { seed, problems, outcomes }
}

describe('over random lives of pools', () => {
  test('every call settles exactly once, no bound is broken, and the totals add up', async () => {
    const total = { fulfilled: 0, rejected: 0, refused: 0 }
    const broken = []
    for (let seed = 1; seed <= seeds; seed++) {
      const { problems, outcomes } = await play(seed)
      if (problems.length > 0) broken.push({ seed, problems })
      for (const [key, count] of Object.entries(outcomes)) total[key] += count
    }
    expect(broken).toEqual([])
    expect(total.fulfilled + total.rejected + total.refused).toBe(seeds * callsPerSeed)
    for (const count of Object.values(total)) expect(count).toBeGreaterThan(seeds)
  })
})
