import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { node } from './child.mjs'
import { root } from './paths.mjs'

let home
let packed

beforeAll(() => {
  // Outside the project, so that nothing is found that the package does not bring along.
  home = mkdtempSync(join(tmpdir(), 'async-pool-executor-'))
  const npm = (args, cwd) =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const cache = `--cache=${join(home, 'cache')}`
  ;[packed] = JSON.parse(
    npm(['pack', '--json', '--ignore-scripts', `--pack-destination=${home}`, cache], root),
  )
  writeFileSync(join(home, 'package.json'), '{ "private": true }')
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', join(home, packed.filename)], home)
  write('tasks.mjs', 'export const double = async value => value * 2')
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

function write(name, source) {
  const path = join(home, name)
  writeFileSync(path, source)
  return path
}

const body = `
const executor = new AsyncPoolExecutor({ size: 2 })
const futures = [1, 2, 3].map(value => executor.submit('./tasks.mjs', 'double', [value]))
console.log(futures.map(future => future.result()).join())
console.log(executor.run('node:path', 'basename', ['/a/b']))
try { executor.run('./tasks.mjs', 'nothing') } catch (error) { console.log(error instanceof ExecutorError, error.code) }
console.log(executor.run('./tasks.mjs', 'double', [4], { offload: true }))
executor.submit('node:console', 'log', ['drained'])
process.exit(3)`
const said = { lines: ['2,4,6', 'b', 'true ERR_TASK_NOT_FOUND', '8', 'drained'], code: 3, stderr: '' }

describe('the packed package', () => {
  test('holds what is built, and nothing of the house', () => {
    const paths = packed.files.map(({ path }) => path)
    for (const path of [
      'package.json',
      'LICENSE',
      'README.md',
      'dist/cli.js',
      'dist/index.js',
      'dist/index.mjs',
      'dist/worker.js',
      'dist/offload.js',
      'dist/cpu.js',
    ])
      expect(paths).toContain(path)
    const isExpected = path =>
      /^dist\/([\w-]+(\.bundler)?\.m?js|([\w-]+\/)*[\w-]+\.d\.m?ts)$/.test(path) ||
      ['package.json', 'LICENSE', 'README.md'].includes(path)
    expect(paths.filter(path => !isExpected(path))).toEqual([])
  })

  test('holds no types of files that users cannot reach', () => {
    const folders = new Set(packed.files.map(({ path }) => /^dist\/(\w+)\//.exec(path)?.[1]).filter(Boolean))
    expect([...folders].sort()).toEqual(['bridge', 'channel', 'pool', 'sync', 'synckit'])
  })

  test('has an executable command, and grows only on purpose', () => {
    expect(packed.files.find(({ path }) => path === 'dist/cli.js').mode & 0o111).toBe(0o111)
    expect(packed.unpackedSize).toBeLessThan(1_400_000)
  })

  test('runs from a CommonJS script', async () => {
    const path = write(
      'script.cjs',
      `const { AsyncPoolExecutor, ExecutorError } = require('async-pool-executor')${body}`,
    )
    expect(await node([path], { cwd: home })).toMatchObject(said)
  })

  test('runs from an ES module', async () => {
    const path = write(
      'script.mjs',
      `import { AsyncPoolExecutor, ExecutorError } from 'async-pool-executor'${body}`,
    )
    expect(await node([path], { cwd: home })).toMatchObject(said)
  })

  test('is one copy for both, with one drain', async () => {
    const path = write(
      'both.mjs',
      `import { createRequire } from 'node:module'
       import * as esm from 'async-pool-executor'
       const cjs = createRequire(import.meta.url)('async-pool-executor')
       const executor = new cjs.AsyncPoolExecutor(1)
       console.log(executor instanceof esm.AsyncPoolExecutor, esm.wait === cjs.wait)
       executor.submit('node:console', 'log', ['from require'])
       new esm.AsyncPoolExecutor(1).submit('node:console', 'log', ['from import'])`,
    )
    const { lines, code } = await node([path], { cwd: home })
    expect(lines[0]).toBe('true true')
    expect(lines.slice(1).sort()).toEqual(['from import', 'from require'])
    expect(code).toBe(0)
  })

  test('lets its package.json be read, and nothing beside its exports', async () => {
    const path = write(
      'exports.cjs',
      `console.log(require('async-pool-executor/package.json').name)
       try { require('async-pool-executor/dist/worker.js') } catch (error) { console.log(error.code) }`,
    )
    const { lines } = await node([path], { cwd: home })
    expect(lines).toEqual(['async-pool-executor', 'ERR_PACKAGE_PATH_NOT_EXPORTED'])
  })
})

describe('its types', () => {
  const use = `
const executor = new AsyncPoolExecutor({ size: 2, queueSize: 0, base: new URL('file:///tmp/') })
async function double(value: number): Promise<number> { return value * 2 }
const future = executor.submit<typeof double>('./tasks.mjs', 'double', [2], { priority: 1, submitTimeout: 5 })
const value: number = future.result(100)
const maybe: Future<number> | undefined = executor.trySubmit<typeof double>('./tasks.mjs', 'double', [2])
const ran: number = executor.run<typeof double>('./tasks.mjs', 'double', [2])
const error: Error | null = future.error()
const promise: Promise<number> = future.promise()
future.onDone(done => { const again: number = done.result(); void again })
const state: 'queued' | 'running' | 'fulfilled' | 'rejected' | 'cancelled' = future.state
for (const item of executor.map<number, string>('./tasks.mjs', 'double', [1, 2])) item.toUpperCase()
const { done, pending }: { done: Set<Future<number>>; pending: Set<Future<number>> } = wait([future], { returnWhen: 'first-error' })
for (const one of asCompleted([future], { timeout: 5 })) { const n: number = one.result(); void n }
const all: number[] = gather([future]) as number[]
const report: { completed: number; abandoned: number } = executor.shutdown({ wait: true, timeout: 5 })
const stats: { queued: number; running: number } = executor.stats()
const caught: unknown = new TimeoutError('x')
if (caught instanceof ExecutorError) { const code: string = caught.code; void code }
// @ts-expect-error arguments are those of the function
executor.submit<typeof double>('./tasks.mjs', 'double', ['2'])
// @ts-expect-error unknown options are errors
new AsyncPoolExecutor({ sise: 2 })
// @ts-expect-error futures come from submit
new Future()
{ using disposed = new AsyncPoolExecutor(1); void disposed }
void [value, maybe, ran, error, promise, state, done, pending, all, report, stats]
export {}
`
  const useOfSync = `
import { type AsyncWaitOptions, Barrier, Condition, Event, type Guard, Lock, Queue, Semaphore } from 'async-pool-executor/sync'
const lock = Lock.from(new Lock().shared)
{ using guard: Guard = lock.acquire(5); void guard.released }
const maybe: Guard | undefined = lock.tryAcquire()
const options: AsyncWaitOptions = { timeout: 5, signal: AbortSignal.timeout(5) }
const later: Promise<Guard> = lock.acquireAsync(options)
const permit: Guard = new Semaphore(2, { bounded: true }).acquire()
const set: boolean = new Event().isSet()
const waited: Promise<string> = new Condition(lock).waitForAsync(() => 'value', options)
const index: number = new Barrier(2).wait(1)
const queue = new Queue<{ url: string }>({ maxSize: 5, bytes: 1024 })
queue.put({ url: 'x' }, { priority: 1, timeout: 5 })
const url: string | undefined = queue.tryGet()?.url
const got: Promise<{ url: string }> = Queue.from<{ url: string }>(queue).getAsync()
// @ts-expect-error items have a type
queue.tryPut({ uri: 'x' })
// @ts-expect-error one kind is not made of another
Lock.from(queue.shared)
// @ts-expect-error a barrier needs its number of parties
new Barrier()
void [maybe, later, permit, set, waited, index, url, got]
`
  const names = 'AsyncPoolExecutor, Future, wait, asCompleted, gather, ExecutorError, TimeoutError'
  const ts = `import { ${names} } from 'async-pool-executor'\n${use}`

  beforeAll(() => {
    mkdirSync(join(home, 'types'))
    write('types/module.mts', ts)
    write('types/commonjs.cts', ts)
    write(
      'types/equals.cts',
      "import library = require('async-pool-executor')\nconst executor: library.AsyncPoolExecutor = new library.AsyncPoolExecutor(1)\nvoid executor\n",
    )
    write('types/bundled.ts', ts)
    write('types/sync.mts', useOfSync)
    write('types/sync.cts', useOfSync)
    for (const name of ['module-entries.mts', 'commonjs-entries.cts', 'bundled-entries.ts'])
      write(`types/${name}`, entries)
  })

  const entries = `
import { AsyncPool } from 'async-pool-executor/async'
import { Lock } from 'async-pool-executor/sync'
import { createSyncFn } from 'async-pool-executor/synckit'
import { currentTask } from 'async-pool-executor/task'
const ran: Promise<number> = new AsyncPool({ size: 1 }).run(async (value: number) => value * 2, 1)
const kept: boolean = new Lock().locked()
const doubled: number = createSyncFn<(value: number) => Promise<number>>('worker.js')(1)
const signal: AbortSignal = currentTask().signal
void [ran, kept, doubled, signal]
`

  function compile(files, options) {
    const config = {
      compilerOptions: {
        noEmit: true,
        strict: true,
        target: 'es2022',
        lib: ['es2022', 'esnext.disposable'],
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
        ...options,
      },
      files: files.map(name => join(home, 'types', name)),
    }
    const path = write('tsconfig.json', JSON.stringify(config))
    return node([join(root, 'node_modules/typescript/bin/tsc'), '-p', path], { cwd: home, deadline: 50_000 })
  }

  const compiles = { code: 0, stdout: '', stderr: '' }

  test.each(['node16', 'nodenext'])('compile for both module systems under %s', async module => {
    const files = [
      'module.mts',
      'commonjs.cts',
      'equals.cts',
      'sync.mts',
      'sync.cts',
      'module-entries.mts',
      'commonjs-entries.cts',
    ]
    expect(await compile(files, { module, moduleResolution: module })).toMatchObject(compiles)
  })

  test('compile under bundler', async () => {
    expect(
      await compile(['bundled.ts', 'bundled-entries.ts'], { module: 'esnext', moduleResolution: 'bundler' }),
    ).toMatchObject(compiles)
  })

  test('say nothing that only TypeScript 5.7 and newer can read', () => {
    const dist = join(home, 'node_modules/async-pool-executor/dist')
    const declarations = readdirSync(dist, { recursive: true }).filter(name => name.endsWith('.d.ts'))
    expect(declarations.length).toBeGreaterThan(20)
    // Typed arrays have type arguments since then.
    const newer = /(?:Array|DataView|Buffer)<\w*ArrayBuffer/
    expect(declarations.filter(name => newer.test(readFileSync(join(dist, name), 'utf8')))).toEqual([])
  })

  test('a using declaration disposes the executor', async () => {
    const source = `import { AsyncPoolExecutor } from 'async-pool-executor'
let kept: AsyncPoolExecutor
{
  using executor = new AsyncPoolExecutor(1)
  kept = executor
  executor.submit('node:console', 'log', ['done before the end of the block'])
}
console.log(kept.closed)
`
    write('types/using.mts', source)
    const options = {
      module: 'nodenext',
      moduleResolution: 'nodenext',
      noEmit: false,
      rootDir: join(home, 'types'),
      outDir: home,
    }
    expect(await compile(['using.mts'], options)).toMatchObject(compiles)
    const { lines, code } = await node([join(home, 'using.mjs')], { cwd: home })
    expect({ lines, code }).toEqual({ lines: ['done before the end of the block', 'true'], code: 0 })
  })
})
