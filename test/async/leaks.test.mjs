import { describe, expect, test } from 'vitest'
import { runPoolScript } from './support.mjs'

const flags = ['--expose-gc']
const head = `
import { getEventListeners } from 'node:events'
const collect = async () => { for (let i = 0; i < 10; i++) { gc(); await turn() } }
/** How many of what \`create\` makes are still there when nobody holds them. */
async function survivors(count, create) {
  const references = []
  for (let i = 0; i < count; i++) references.push(new WeakRef(await create(i)))
  await sleep(1)
  await collect()
  return references.filter(reference => reference.deref() !== undefined).length
}
async function heapAfter(work) {
  await work()
  await collect()
  return process.memoryUsage().heapUsed
}
`

describe('what nobody holds is garbage', () => {
  test('a pool, though shutdownAll would have found it', async () => {
    const result = await runPoolScript(
      `${head}
say(await survivors(20, async i => {
  const pool = new AsyncPool({ size: 1, rate: { tasks: 5, per: 1 } })
  if (i % 2) await pool.run(async () => { await turn() })
  if (i % 4 === 3) await pool.run(() => pool.run(() => 1).catch(() => {}))
  return pool
}))
await shutdownAll()`,
      { flags },
    )
    expect(result).toMatchObject({ lines: ['0'], stderr: '', code: 0 })
  })

  test('but not a pool that has work', async () => {
    const result = await runPoolScript(
      `${head}
const run = () => { const pool = new AsyncPool(1); pool.run(() => sleep(50)); pool.run(() => say('done')) }
run()
await collect()
await shutdownAll()
say('end')`,
      { flags },
    )
    expect(result).toMatchObject({ lines: ['done', 'end'], stderr: '', code: 0 })
  })

  test('settled futures, their results and arguments', async () => {
    const result = await runPoolScript(
      `${head}
const pool = new AsyncPool({ size: 2, queueSize: 2 })
const { signal } = new AbortController()
say(await survivors(50, async () => { const f = await pool.with({ signal }).submit(async () => 1); await f.promise; return f }))
say(await survivors(50, async () => { const value = {}; await pool.run(async given => given, value); return value }))
let kept = []
say(await survivors(50, async () => { const value = {}; kept.push(await pool.submit(() => {}, value)); return value }))
await pool.join()
say(getEventListeners(signal, 'abort').length)`,
      { flags },
    )
    expect(result).toMatchObject({ lines: ['0', '0', '0', '0'], stderr: '', code: 0 })
  })
})

describe('memory is flat', () => {
  test('over many tasks, in each way to hand them over', async () => {
    const { lines, stderr } = await runPoolScript(
      `${head}
const pool = new AsyncPool({ size: 100 })
const { signal } = new AbortController()
const face = pool.with({ signal, timeout: 60_000, priority: 1 })
const ways = {
  submit: async n => { for (let i = 0; i < n; i++) await pool.submit(async () => i); await pool.join() },
  run: async n => { for (let i = 0; i < n; i++) await pool.run(async () => i) },
  with: async n => { for (let i = 0; i < n; i++) await face.submit(turn); await pool.join() },
  map: async n => { for await (const _ of pool.map(async i => i, Array(n).keys())); },
}
for (const [name, way] of Object.entries(ways)) {
  const before = await heapAfter(() => way(5_000))
  const after = await heapAfter(() => way(50_000))
  say(name, after - before < 1_000_000 ? 'flat' : 'grew by ' + (after - before))
}`,
      { flags, deadline: 50_000 },
    )
    expect({ lines, stderr }).toEqual({
      lines: ['submit flat', 'run flat', 'with flat', 'map flat'],
      stderr: '',
    })
  })

  test('over aborted waits on one signal', async () => {
    const { lines } = await runPoolScript(
      `${head}
const pool = new AsyncPool({ size: 1, queueSize: 0 })
let open
await pool.submit(() => new Promise(resolve => { open = resolve }))
const shared = new AbortController().signal
const way = async n => {
  for (let i = 0; i < n; i++) {
    const controller = new AbortController()
    const faces = [pool.with({ signal: controller.signal }), pool.with({ signal: shared, submitTimeout: 0 })]
    const calls = faces.map(face => face.run(() => 1).catch(error => error.code))
    controller.abort()
    const codes = (await Promise.all(calls)).join()
    if (codes !== 'ERR_CANCELLED,ERR_QUEUE_FULL') say(codes)
  }
}
// What the code itself takes while it warms up is as much as 200 bytes for each of the first 1,500.
const before = await heapAfter(() => way(1_500))
const after = await heapAfter(() => way(6_000))
say(after - before < 1_000_000 ? 'flat' : 'grew by ' + (after - before), pool.stats().waiting, getEventListeners(shared, 'abort').length)
open()
await pool.join()`,
      { flags, deadline: 50_000 },
    )
    expect(lines).toEqual(['flat 0 0'])
  })
})

describe('the watch over nested calls', () => {
  test.each([
    ['rests while nothing runs', 10],
    ['ends with the thousandth task', 1001],
  ])('%s, and with it what it costs every promise', async (_name, count) => {
    const { lines } = await runPoolScript(`
import { executionAsyncId } from 'node:async_hooks'
/** Promises have ids of their own only while somebody follows them, which Node 24 does without. */
const idOfPromise = async () => { await null; return executionAsyncId() }
const before = await idOfPromise()
const pool = new AsyncPool(1)
const during = await pool.run(idOfPromise)
for (let i = 1; i < ${count}; i++) await pool.run(turn)
await pool.join()
const after = await idOfPromise()
const late = await pool.run(idOfPromise)
say(before === after, during !== before || parseInt(process.versions.node) >= 24, late === (${count} > 1000 ? before : late))`)
    expect(lines).toEqual(['true true true'])
  })
})

describe('the process', () => {
  test('is not kept alive by a pool with a rate that has nothing to do', async () => {
    const result = await runPoolScript(`
const pool = new AsyncPool({ size: 1, rate: { tasks: 1, per: 3_600_000 } })
await pool.run(() => say('first'))
const second = await pool.submit(() => say('second'))
second.cancel()
await second.promise.catch(error => say(error.code))`)
    expect(result).toMatchObject({ lines: ['first', 'ERR_CANCELLED'], stderr: '', code: 0 })
  })

  test('is kept alive by a task that waits for its window', async () => {
    const result = await runPoolScript(`
const pool = new AsyncPool({ size: 1, rate: { tasks: 1, per: 50 } })
for (const text of ['first', 'second']) pool.run(() => say(text))`)
    expect(result).toMatchObject({ lines: ['first', 'second'], stderr: '', code: 0 })
  })
})
