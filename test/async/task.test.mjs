import { ExecutorError } from 'async-pool-executor/async'
import { currentTask, offload } from 'async-pool-executor/task'
import { describe, expect, test } from 'vitest'
import { file, node } from '../child.mjs'
import { createPool, runPoolScript, settle, Work } from './support.mjs'

describe('currentTask() in a pool', () => {
  test('is the task that the code runs for, also after an await', async () => {
    const pool = createPool({ size: 2, queueSize: 5 })
    const seen = await Promise.all(
      [1, 2, 3].map(() =>
        pool.run(async function fetchPage() {
          const before = currentTask().id
          await settle()
          const { id, name, attempt, signal } = currentTask()
          return { before, id, name, attempt, aborted: signal.aborted }
        }),
      ),
    )
    expect(seen).toEqual(
      [1, 2, 3].map(id => ({ before: id, id, name: 'fetchPage', attempt: 1, aborted: false })),
    )
  })

  test('is that of the call, for tasks that another one has to make room for', async () => {
    const outer = createPool(1)
    const inner = createPool({ size: 1, queueSize: 5 })
    const work = new Work()
    const seen = []
    const note = async () => {
      await settle()
      seen.push(currentTask().name)
    }
    const first = inner.run(work.task, 1)
    const second = inner.run(async function innerTask() {
      await note()
    })
    const third = outer.run(async function outerTask() {
      await inner.run(async function nested() {
        await note()
      })
      await note()
    })
    await work.finish(1)
    await Promise.all([first, second, third])
    expect(seen).toEqual(['innerTask', 'nested', 'outerTask'])
    expect(() => currentTask()).toThrow('outside of a task')
  })

  test('is there for what listens to its signal, whoever aborts that', async () => {
    const pool = createPool({ size: 2, queueSize: 5 })
    const heard = []
    const listen = () =>
      new Promise(resolve => {
        const { id, signal } = currentTask()
        signal.addEventListener('abort', () => resolve(heard.push([id, currentTask().id])))
      })
    const future = await pool.submit(listen)
    const late = await pool.with({ timeout: 1 }).submit(listen)
    future.cancel()
    await Promise.allSettled([future.promise, late.promise])
    await pool.join()
    expect(heard.sort()).toEqual([
      [1, 1],
      [2, 2],
    ])
  })

  test('has no CPU threads where there is no executor around it', async () => {
    const offloading = createPool(1).run(() => offload('node:path', 'basename', ['/a']))
    await expect(offloading).rejects.toBeInstanceOf(ExecutorError)
    await expect(offloading).rejects.toMatchObject({
      code: 'ERR_EXECUTOR',
      message: expect.stringContaining('outside of any executor'),
    })
  })

  test('has progress that goes to nobody, or to the task of an executor around it', async () => {
    expect(await createPool(1).run(() => currentTask().progress('heard by nobody'))).toBeUndefined()
    const tasks = file(
      'tasks.mjs',
      `import { AsyncPool } from 'async-pool-executor/async'
       import { currentTask } from 'async-pool-executor/task'
       const pool = new AsyncPool(2)
       export async function collect(count) {
         const { progress } = currentTask()
         const one = async n => { progress('outer ' + n); currentTask().progress('inner ' + n); return n }
         const results = []
         for await (const n of pool.map(one, Array(count).keys())) results.push(n)
         return results
       }`,
    )
    const script = file(
      'script.mjs',
      `import { AsyncPoolExecutor } from 'async-pool-executor'
       const executor = new AsyncPoolExecutor(1)
       const onProgress = value => console.log(value)
       console.log(executor.run(${JSON.stringify(tasks)}, 'collect', [2], { onProgress }).join())`,
    )
    expect(await node([script])).toMatchObject({
      lines: ['outer 0', 'inner 0', 'outer 1', 'inner 1', '0,1'],
      stderr: '',
      code: 0,
    })
  })

  test('is not there, and costs nothing, unless its module is imported', async () => {
    const { lines } = await runPoolScript(`
import { createHook } from 'node:async_hooks'
const pool = new AsyncPool(1)
for (let i = 0; i < 1500; i++) await pool.run(async () => i)
const { AsyncLocalStorage } = await import('node:async_hooks')
const before = AsyncLocalStorage.prototype.run
let runs = 0
AsyncLocalStorage.prototype.run = function (...args) { runs++; return before.apply(this, args) }
for (let i = 0; i < 10; i++) await pool.run(async () => i)
say(runs)
const { currentTask } = await import('async-pool-executor/task')
say(await pool.run(async () => currentTask().id), runs)`)
    expect(lines).toEqual(['0', '1511 1'])
  })
})
