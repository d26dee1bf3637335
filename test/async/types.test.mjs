import { join } from 'node:path'
import { expect, test } from 'vitest'
import { file, folder, node } from '../child.mjs'
import { root } from '../paths.mjs'

const use = `import { AsyncPool, type PoolFuture, type PoolStats, shutdownAll } from 'async-pool-executor/async'
const pool = new AsyncPool({ size: 2, queueSize: 0, rate: { tasks: 1, per: 5 }, onError: (error, task) => void [error.message, task.name] })
const few = new AsyncPool(3)
async function double(value: number, unit?: string): Promise<number> { return unit === undefined ? value * 2 : value }
export async function main(signal: AbortSignal): Promise<void> {
  const result: number = await pool.run(double, 2)
  const plain: string = await few.run((a: string, b: string) => a + b, 'a', 'b')
  const future: PoolFuture<number> = await pool.submit(double, 2, 'm')
  const value: number = await future.promise
  const state: 'queued' | 'running' | 'fulfilled' | 'rejected' | 'cancelled' = future.state
  const cancelled: boolean = future.cancel('why')
  const maybe: PoolFuture<number> | undefined = pool.trySubmit(double, 2)
  const face = pool.with({ priority: 5, signal, timeout: 10, submitTimeout: 5 })
  const again: number = await face.run(double, 3)
  for await (const item of pool.map(double, [1, 2], { ordered: false, lookAhead: 3 })) item.toFixed()
  for await (const item of face.map((text: string) => text.length, new Set(['a']))) item.toFixed()
  const stats: PoolStats = pool.stats()
  const report: { completed: number; abandoned: number } = await pool.shutdown({ cancelPending: true, timeout: 5 })
  const { paused, closed, size, queueSize, name }: { paused: boolean; closed: boolean; size: number; queueSize: number; name: string } = pool
  pool.pause(); pool.resume(); pool.resize(3); await pool.join(); await shutdownAll({ timeout: 1 })
  // @ts-expect-error arguments are those of the function
  await pool.run(double, '2')
  // @ts-expect-error all that it needs
  await pool.submit(double)
  // @ts-expect-error items are what the function takes
  pool.map(double, ['a'])
  // @ts-expect-error there are no defaults for a pool
  new AsyncPool()
  // @ts-expect-error unknown options are errors
  pool.with({ prioritty: 1 })
  { await using disposed = new AsyncPool(1); void disposed }
  void [result, plain, value, state, cancelled, maybe, again, stats, report, paused, closed, size, queueSize, name]
}
`

test('the types of a pool are those of the functions that it is given', async () => {
  const path = folder()
  const files = [file('module.mts', use, path), file('commonjs.cts', use, path)]
  const compilerOptions = {
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    target: 'es2022',
    lib: ['es2022', 'esnext.disposable'],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  }
  const config = file('tsconfig.json', JSON.stringify({ compilerOptions, files }), path)
  const result = await node([join(root, 'node_modules/typescript/bin/tsc'), '-p', config], {
    deadline: 50_000,
  })
  expect(result).toMatchObject({ stdout: '', stderr: '', code: 0 })
})
