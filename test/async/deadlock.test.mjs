import { describe, expect, test } from 'vitest'
import { runPoolScript } from './support.mjs'

/** Something that keeps the process alive, as the sockets of a server do: a hang must not look like an end. */
const alive = 'const alive = setInterval(() => {}, 1000)\n'
const end = '\nclearInterval(alive)\n'

const told = (...lines) => ({ lines, stderr: '', code: 0 })

describe('a task that waits for its own full pool is told', () => {
  test.each([
    ['run, in a queue that has space', '{ size: 1, queueSize: 5 }', 'await pool.run(() => 1)'],
    ['run, with nothing to wait in', '{ size: 1, queueSize: 0 }', 'await pool.run(() => 1)'],
    ['submit', '{ size: 1, queueSize: 0 }', 'await pool.submit(() => 1)'],
    [
      'submit, and then the promise',
      '{ size: 1, queueSize: 1 }',
      'const future = await pool.submit(() => 1); await future.promise',
    ],
    [
      'submits until the queue is full',
      '{ size: 1, queueSize: 3 }',
      'for (let i = 0; i < 4; i++) await pool.submit(() => 1)',
    ],
    ['Promise.all', '{ size: 1 }', 'await Promise.all([pool.run(() => 1), pool.run(() => 2)])'],
    [
      'Promise.allSettled',
      '{ size: 1 }',
      'for (const { reason } of await Promise.allSettled([pool.run(() => 1), pool.run(() => 2)])) throw reason',
    ],
    ['then', '{ size: 1 }', 'await pool.run(() => 1).then(value => value)'],
    [
      'then, and then await',
      '{ size: 1 }',
      'const job = pool.run(() => 1).then(n => n + 1, error => { throw error }); await sleep(1); await job',
    ],
    [
      'a future, then, and then await',
      '{ size: 1 }',
      'await (await pool.submit(() => 1)).promise.then(n => n + 1)',
    ],
    ['catch', '{ size: 1 }', 'await pool.run(() => 1).catch(error => { throw error })'],
    [
      'catch and finally',
      '{ size: 1 }',
      'await pool.run(() => 1).catch(error => { throw error }).finally(() => {})',
    ],
    ['returning the promise', '{ size: 1 }', 'return pool.run(() => 1)'],
    ['map', '{ size: 1 }', 'for await (const value of pool.map(n => n, [1, 2, 3])) say(value)'],
    [
      'map as results are ready',
      '{ size: 1 }',
      'for await (const value of pool.map(n => n, [1, 2, 3], { ordered: false })) say(value)',
    ],
    [
      'map, of which it has had the first result',
      '{ size: 2, queueSize: 2 }',
      'for await (const _ of pool.map(n => n === 1 || pool.run(() => 1), [1, 2], { ordered: false })) await sleep(1)',
    ],
    [
      'a function that awaits it',
      '{ size: 1 }',
      'const inner = async () => { await turn(); return pool.run(() => 1) }; await inner()',
    ],
    [
      'a timer',
      '{ size: 1 }',
      'await new Promise((resolve, reject) => setTimeout(() => pool.run(() => 1).then(resolve, reject)))',
    ],
  ])('%s', async (_name, options, body) => {
    const result = await runPoolScript(`${alive}
const pool = new AsyncPool(${options})
const outer = async () => { await turn(); ${body} }
for (let round = 0; round < 2; round++)
  await pool.run(outer).catch(error => say(error instanceof DeadlockError, error.code))
await pool.join()
say(await pool.run(() => 'goes on'), pool.stats().running, pool.stats().queued, pool.stats().waiting)${end}`)
    expect(result).toMatchObject(told('true ERR_DEADLOCK', 'true ERR_DEADLOCK', 'goes on 0 0 0'))
  })

  test('that goes on after a limited wait with one that has no limit', async () => {
    const result = await runPoolScript(`${alive}
const pool = new AsyncPool({ size: 1, queueSize: 0 })
await pool.run(async () => {
  await pool.with({ submitTimeout: 200 }).run(() => 1).catch(error => say(error.code))
  await pool.run(() => 1)
}).catch(error => say(error.code))${end}`)
    expect(result).toMatchObject(told('ERR_QUEUE_FULL', 'ERR_DEADLOCK'))
  })

  test('a plain function that returns the promise', async () => {
    const result = await runPoolScript(`${alive}
const pool = new AsyncPool({ size: 1 })
await pool.run(() => pool.run(() => 1)).catch(error => say(error.code))
await pool.run(() => pool.run(() => 1).catch(error => say(error.code)))${end}`)
    expect(result).toMatchObject(told('ERR_DEADLOCK', 'ERR_DEADLOCK'))
  })

  test('when all tasks of a larger pool do so', async () => {
    const result = await runPoolScript(`${alive}
const pool = new AsyncPool({ size: 3, queueSize: 2, name: 'tree' })
let told = 0
async function grow(depth) {
  await turn()
  if (depth === 0) return 1
  try {
    const [left, right] = await Promise.all([pool.run(grow, depth - 1), pool.run(grow, depth - 1)])
    return left + right
  } catch (error) {
    if (error.code !== 'ERR_DEADLOCK') throw error
    told++
    return 0
  }
}
await pool.run(grow, 6)
await pool.join()
say(told > 0, pool.stats().running, pool.stats().waiting)${end}`)
    expect(result).toMatchObject(told('true 0 0'))
  })

  test('also when its submits went well a thousand times before', async () => {
    const result = await runPoolScript(`${alive}
const pool = new AsyncPool({ size: 2, queueSize: 2 })
for (let i = 0; i < 2000; i++) await pool.run(async () => { await turn(); if (i === 500) await pool.submit(() => 1) })
const outer = async () => { await turn(); await pool.run(() => 1) }
const results = await Promise.allSettled([pool.run(outer), pool.run(outer)])
say(results.map(({ status, reason }) => reason?.code ?? status).sort().join())${end}`)
    expect(result).toMatchObject(told('ERR_DEADLOCK,fulfilled'))
  })

  test('with a message that says who waits for whom', async () => {
    const { lines } = await runPoolScript(`
const pool = new AsyncPool({ size: 1, name: 'crawler' })
async function crawl(depth) { await turn(); if (depth < 3) await pool.run(crawl, depth + 1) }
await pool.run(crawl, 0).catch(error => say(error.message))`)
    expect(lines[0]).toBe(
      "crawl (task 2 of pool 'crawler') would never start: the only running task waits for tasks of the same pool, " +
        "this one for crawl (task 1 of pool 'crawler'). " +
        'Give the inner tasks a pool of their own, or hand them over without waiting',
    )
  })

  test.each(['join', 'shutdown'])('%s', async method => {
    const result = await runPoolScript(`${alive}
const pool = new AsyncPool({ size: 2 })
await pool.run(async () => { await turn(); await pool.${method}() }).catch(error => say(error.code))
say(pool.closed, await pool.run(() => 'goes on'))${end}`)
    expect(result).toMatchObject(told('ERR_DEADLOCK', 'false goes on'))
  })

  test('after a resize that leaves no slot', async () => {
    const result = await runPoolScript(`${alive}
const pool = new AsyncPool({ size: 2 })
let open
const other = pool.run(() => new Promise(resolve => { open = resolve }))
const outer = pool.run(async () => { await turn(); await pool.run(async () => { await turn(); await pool.run(() => 1) }) })
outer.catch(error => say(error.code))
pool.resize(1)
open()
await other
await pool.join()${end}`)
    expect(result).toMatchObject(told('ERR_DEADLOCK'))
  })
})

describe('a task is not told', () => {
  test.each([
    ['while another one will free a slot', '{ size: 2, queueSize: 0 }', 'await pool.run(() => sleep(1))'],
    ['when it hands over without waiting', '{ size: 1, queueSize: 5 }', 'pool.run(() => 1)'],
    ['when others wait for what it hands over', '{ size: 1, queueSize: 5 }', 'jobs.push(pool.run(() => 1))'],
    [
      'when it is finished all the same',
      '{ size: 1, queueSize: 5 }',
      'jobs.push(pool.run(() => 1).catch(say).finally(() => {})); await sleep(300)',
    ],
    [
      'when it goes on with something else',
      '{ size: 1, queueSize: 5 }',
      'jobs.push(pool.run(() => 1).then(n => n + 1)); (await pool.submit(() => 1)).promise.then(n => n); await sleep(300)',
    ],
    ['when it submits to a queue that has space', '{ size: 1, queueSize: 5 }', 'await pool.submit(() => 1)'],
    ['when it tries', '{ size: 1, queueSize: 0 }', 'jobs.push(pool.trySubmit(() => 1))'],
    ['when it waits for another pool', '{ size: 1 }', 'await new AsyncPool(1).run(() => sleep(300))'],
    [
      'when its wait is limited',
      '{ size: 1, queueSize: 0 }',
      "await pool.with({ submitTimeout: 300 }).run(() => 1).catch(error => { if (error.code !== 'ERR_QUEUE_FULL') throw error })",
    ],
    [
      'when the wait of another one is limited, which ends then',
      '{ size: 2, queueSize: 0 }',
      'jobs.push(pool.run(() => pool.with({ submitTimeout: 300 }).submit(() => 1).catch(() => {}))); await pool.run(() => 1)',
    ],
    ['when it only takes long', '{ size: 1 }', 'await sleep(300)'],
    [
      'when map reads ahead for it, and it does something else',
      '{ size: 2, queueSize: 0 }',
      'for await (const _ of pool.map(n => n === 1 || pool.run(() => 1), [1, 2, 3])) { await sleep(300); break }',
    ],
    [
      'when map has the first of its results for it, and it does something else',
      '{ size: 2, queueSize: 2 }',
      'for await (const _ of pool.map(n => n === 1 || pool.run(() => 1), [1, 2, 3], { ordered: false })) { await sleep(300); break }',
    ],
  ])('%s', async (_name, options, body) => {
    const result = await runPoolScript(`
const pool = new AsyncPool(${options})
const jobs = []
await pool.run(async () => { await turn(); ${body} })
await Promise.all(jobs)
await pool.join()
say('done', pool.stats().failed, pool.stats().running)`)
    expect(result).toMatchObject(told('done 0 0'))
  })

  test('by tasks that nest in a pool that is large enough', async () => {
    const result = await runPoolScript(`
const pool = new AsyncPool({ size: 20, queueSize: 20 })
const nest = async depth => { await sleep(1); return depth === 0 ? 1 : 1 + await pool.run(nest, depth - 1) }
say(await pool.run(nest, 18))
say((await Promise.all([5, 5, 5].map(depth => pool.run(nest, depth)))).join())`)
    expect(result).toMatchObject(told('19', '6,6,6'))
  })

  test('what a task has left behind waits like any other code', async () => {
    const result = await runPoolScript(`
const pool = new AsyncPool({ size: 1, queueSize: 5 })
let left
await pool.run(() => { left = sleep(1).then(() => pool.run(() => sleep(200))) })
const other = pool.run(() => sleep(200))
await Promise.all([left, other])
say('done')`)
    expect(result).toMatchObject(told('done'))
  })
})
