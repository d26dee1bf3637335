import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { file, folder, node, runScript, systems } from './child.mjs'
import { fixtures, root } from './paths.mjs'

const path = fileURLToPath(new URL('remote.mjs', fixtures))

/** An async script with `remote`, of either module system. */
function run(system, body, options) {
  const imports = system === 'import' ? "await import('comlink')" : "require('comlink')"
  return runScript(
    system,
    `async function main() {
       const Comlink = ${imports}
       const executor = new AsyncPoolExecutor({ size: 2, name: 'short-lived' })
       const path = ${JSON.stringify(path)}
       const remote = executor.remote(path)
       const words = new Int32Array(new SharedArrayBuffer(64))
       const until = async (index, value) => {
         const alive = setInterval(() => {}, 1000)
         for (let now = words[index]; now < value; now = words[index]) await Atomics.waitAsync(words, index, now).value
         clearInterval(alive)
       }
       const open = () => { Atomics.store(words, 0, 1); Atomics.notify(words, 0) }
       const fate = promise => promise.then(value => 'fulfilled ' + value, error => error.constructor.name + ' ' + error.code)
       ${body}
     }
     main()`,
    options,
  )
}

describe.each(systems)('a worker that dies (%s)', system => {
  test('takes the pending calls with it, and the remote works with the next one', async () => {
    const { lines, code } = await run(
      system,
      `const pending = [remote.each([1], Comlink.proxy(() => new Promise(() => {}))), remote.die(3)]
       for (const promise of pending) promise.catch(error => say(error.name + ' ' + error.code + ' ' + error.exitCode))
       await Promise.allSettled(pending)
       say(await fate(remote.reload()))
       say('restarts ' + executor.stats().restarts)`,
    )
    expect(lines).toEqual([
      'WorkerDiedError ERR_WORKER_DIED 3',
      'WorkerDiedError ERR_WORKER_DIED 3',
      'fulfilled 1',
      'restarts 1',
    ])
    expect(code).toBe(0)
  })

  test('takes its objects with it, and says so', async () => {
    const { lines } = await run(
      system,
      `const counter = await new remote.Counter(1, words)
       const pending = counter.holdOpen()
       pending.catch(() => {})
       await until(3, 1)
       await remote.die(1).catch(() => {})
       say(await fate(pending))
       const late = await counter.increment().catch(error => error)
       say(late.code + ' ' + late.message)
       const next = await new remote.Counter(4, words)
       say(await fate(next.increment()))
       counter[Comlink.releaseProxy]()
       say(await fate(next.increment()))`,
    )
    expect(lines).toEqual([
      'WorkerDiedError ERR_WORKER_DIED',
      'ERR_WORKER_DIED the object is gone with the worker that made it, which has died: make a new one',
      'fulfilled 5',
      'fulfilled 6',
    ])
  })

  test('leaves what was queued to the next one, callbacks too', async () => {
    const { lines } = await run(
      system,
      `const running = [remote.each([1], Comlink.proxy(() => new Promise(() => {}))), remote.die(1)]
       const queued = remote.each([1, 2], Comlink.proxy(item => item * 10))
       for (const promise of running) say(await fate(promise))
       say(await fate(queued))
       let finalized = 0
       await remote.subscribe(Comlink.proxy(Object.assign(() => 'called', { [Comlink.finalizer]: () => finalized++ })))
       say(await fate(remote.publish()))
       await remote.die(1).catch(() => {})
       await remote.reload()
       say('finalized ' + finalized)`,
    )
    expect(lines).toEqual([
      'WorkerDiedError ERR_WORKER_DIED',
      'WorkerDiedError ERR_WORKER_DIED',
      'fulfilled 10,20',
      'fulfilled called',
      'finalized 1',
    ])
  })

  test('too often breaks the executor, and rejects what is called then', async () => {
    const { lines } = await run(
      system,
      `const frail = new AsyncPoolExecutor({ size: 1, restart: false })
       const proxy = frail.remote(path)
       say(await fate(proxy.die(1)))
       say(await fate(proxy.reload()))`,
    )
    expect(lines).toEqual(['WorkerDiedError ERR_WORKER_DIED', 'BrokenExecutorError ERR_BROKEN_EXECUTOR'])
  })
})

describe('the process', () => {
  test.each(systems)('is not kept alive by an idle remote, its objects and callbacks (%s)', async system => {
    const { lines, code } = await run(
      system,
      `const counter = await new remote.Counter(1, words)
       globalThis.kept = [counter, await counter[Comlink.createEndpoint]()]
       await remote.subscribe(Comlink.proxy(() => {}))
       await remote.publish(1)
       say('idle')`,
    )
    expect({ lines, code }).toEqual({ lines: ['idle'], code: 0 })
  })

  test.each(systems)('is kept alive by a call that is awaited (%s)', async system => {
    const { lines } = await run(
      system,
      `setTimeout(open, 50).unref()
       const counter = await new remote.Counter(9, words)
       say(await fate(counter.holdOpen()))`,
    )
    expect(lines).toEqual(['fulfilled 9'])
  })

  test.each(systems)('finishes calls at its end, with their callbacks (%s)', async system => {
    const { lines, code } = await run(
      system,
      `await remote.reload()
       remote.each([1, 2], Comlink.proxy(item => say('callback ' + item)))
       executor.remote('node:console').log('done')
       process.exit(4)`,
    )
    expect({ lines: lines.sort(), code }).toEqual({ lines: ['callback 1', 'callback 2', 'done'], code: 4 })
  })

  test.each(systems)('does not wait at its end for promises of callbacks (%s)', async system => {
    const { stdout, code } = await run(
      system,
      `await remote.reload()
       remote.catchCode(Comlink.proxy(async () => 'late'))
       process.exit(4)`,
    )
    expect({ stdout, code }).toEqual({ stdout: '', code: 4 })
  })

  test.each(systems)('hears of an assignment that fails (%s)', async system => {
    const { lines, code } = await run(
      system,
      `process.once('unhandledRejection', error => say(error.name + ': ' + error.message))
       remote.loads = 5
       await remote.reload()
       await new Promise(resolve => setImmediate(resolve))`,
    )
    expect(lines).toEqual([expect.stringMatching(/^TypeError: Cannot assign to .*'loads'/)])
    expect(code).toBe(0)
  })

  test.each(systems)('sets nothing on functions that are inherited (%s)', async system => {
    const { lines, code } = await run(
      system,
      `process.on('unhandledRejection', error => say(error.message))
       remote.settings.toString.polluted = true
       remote.settings.list.push.polluted = true
       remote.settings.depth.value = 6
       remote.Counter.describe.note = 'own'
       say(JSON.stringify([await remote.settings.depth.value, await remote.Counter.describe.note]))
       say(await executor.runAsync(() => [Object.prototype.toString, [].push].flatMap(Object.keys).length))`,
    )
    const refused = name => `nothing can be set on '${name}' from another thread: it is inherited`
    expect(lines.sort()).toEqual(['0', '[6,"own"]', refused('push'), refused('toString')])
    expect(code).toBe(0)
  })

  test.each(systems)('loads comlink with the first remote, not with the package (%s)', async system => {
    const loaded = `Object.keys(cache).some(name => name.includes('comlink'))`
    const { lines } = await runScript(
      system,
      `const { cache } = ${system === 'import' ? 'createRequire(import.meta.url)' : 'require'}
       const executor = new AsyncPoolExecutor(1)
       executor.run(tasks, 'add', [1, 2])
       say(String(${loaded}))
       executor.remote(tasks)
       executor.remote(tasks).add(1, 2).then(() => say(String(${loaded})))`,
    )
    expect(lines).toEqual(['false', 'true'])
  })
})

describe('memory', () => {
  test('objects and callbacks whose proxies are garbage are forgotten in the other thread', async () => {
    const { lines } = await run(
      'import',
      `let dropped = 0
       for (let n = 0; n < 100; n++) {
         const counter = await new remote.Counter(n, words)
         await remote.each([n], Comlink.proxy(Object.assign(x => x, { [Comlink.finalizer]: () => dropped++ })))
       }
       const collect = executor.remote(${JSON.stringify(file('gc.cjs', 'exports.gc = () => gc()'))})
       while (words[1] < 99 || dropped < 99) {
         gc()
         await collect.gc()
         await new Promise(resolve => setImmediate(resolve))
       }
       say('forgotten')`,
      { flags: ['--expose-gc'], deadline: 30_000 },
    )
    expect(lines).toEqual(['forgotten'])
  })

  test('so are callbacks given to calls that could not be made', async () => {
    const { lines } = await run(
      'import',
      `let dropped = 0
       const callback = () => Comlink.proxy(Object.assign(() => {}, { [Comlink.finalizer]: () => dropped++ }))
       const nowhere = executor.remote('./nowhere.mjs')
       for (let n = 0; n < 20; n++) say(await fate(n % 2 === 0 ? nowhere.f(callback()) : remote.missing(callback())))
       const collect = executor.remote(${JSON.stringify(file('gc.cjs', 'exports.gc = () => gc()'))})
       while (dropped < 19) {
         await collect.gc()
         await new Promise(resolve => setImmediate(resolve))
       }
       say('forgotten')`,
      { flags: ['--expose-gc'], deadline: 30_000 },
    )
    const pair = ['Error ERR_MODULE_NOT_FOUND', 'TaskNotFoundError ERR_TASK_NOT_FOUND']
    expect(lines).toEqual([...Array(10).fill(pair).flat(), 'forgotten'])
  })

  test('an object that only a call under way refers to is not forgotten', async () => {
    const { lines } = await run(
      'import',
      `const held = (async () => (await new remote.Counter(5, words)).holdOpen())()
       await until(3, 1)
       for (let n = 0; n < 10; n++) {
         gc()
         await new Promise(resolve => setTimeout(resolve, 1))
       }
       say('forgotten ' + words[1])
       open()
       say(await fate(held))`,
      { flags: ['--expose-gc'] },
    )
    expect(lines).toEqual(['forgotten 0', 'fulfilled 5'])
  })

  test('no message port stays behind', async () => {
    const { lines } = await run(
      'import',
      `const ports = () => process.getActiveResourcesInfo().filter(name => name === 'MessagePort').length
       await remote.reload()
       const before = ports()
       for (let n = 0; n < 20; n++) {
         const counter = await new remote.Counter(n, words)
         await remote.each([n], Comlink.proxy(x => x))
         const port = await counter[Comlink.createEndpoint]()
         port.close()
         counter[Comlink.releaseProxy]()
       }
       await until(1, 20)
       say(String(ports() - before))`,
    )
    expect(lines).toEqual(['0'])
  })
})

describe('an executor inside its own worker', () => {
  test('refuses remote calls', async () => {
    const home = folder()
    const self = file(
      'self.mjs',
      `import { AsyncPoolExecutor } from 'async-pool-executor'
       export const executor = new AsyncPoolExecutor(1)
       export const call = () => executor.remote('./self.mjs').call().catch(error => error.code)`,
      home,
    )
    const main = file(
      'main.mjs',
      `import { executor } from ${JSON.stringify(self)}\nconsole.log(await executor.remote('./self.mjs').call())`,
      home,
    )
    expect((await node([main])).lines).toEqual(['ERR_DEADLOCK'])
  })
})

describe('an executor that threads share', () => {
  test('serves remotes of each, and tells when a thread and its callbacks are gone', async () => {
    const other = file(
      'other.mjs',
      `import { parentPort, workerData } from 'node:worker_threads'
       import { AsyncPoolExecutor } from 'async-pool-executor'
       import * as Comlink from 'comlink'
       const remote = AsyncPoolExecutor.attach(workerData.handle).remote(${JSON.stringify(path)})
       const counter = await new remote.Counter(1, workerData.words)
       await remote.subscribe(Comlink.proxy(async value => value === 'wait' ? new Promise(() => {}) : value + 1))
       parentPort.on('message', () => process.exit())
       parentPort.postMessage(await counter.increment())`,
    )
    const { lines } = await run(
      'import',
      `const worker = new Worker(${JSON.stringify(other)}, { workerData: { handle: executor.handle(), words } })
       say('there ' + await new Promise(resolve => worker.once('message', resolve)))
       say(await fate(remote.publish(1)))
       const waiting = remote.publish('wait').catch(error => error)
       await remote.reload()
       worker.postMessage('go')
       say((await waiting).message)
       say((await remote.publish(1).catch(error => error)).message)
       await until(1, 1)
       say(await fate(remote.reload()))`,
    )
    const gone = 'the object is gone with the thread that shared it'
    expect(lines).toEqual(['there 2', 'fulfilled 2', gone, gone, 'fulfilled 2'])
  })
})

describe('Comlink.createEndpoint', () => {
  test('gives another thread a proxy of the same object, whose calls are tasks too', async () => {
    const other = file(
      'other.mjs',
      `import { workerData, parentPort } from 'node:worker_threads'
       import * as Comlink from 'comlink'
       const counter = Comlink.wrap(workerData)
       const heard = []
       const clone = await counter.clone()
       await clone.increment()
       counter.value = 50
       const error = await counter.missing().catch(error => error)
       heard.push(await counter.increment(), await counter.value, await clone.value, error.message)
       clone[Comlink.releaseProxy]()
       counter[Comlink.releaseProxy]()
       parentPort.postMessage(heard)`,
    )
    const { lines } = await run(
      'import',
      `const counter = await new remote.Counter(1, words)
       const port = await counter[Comlink.createEndpoint]()
       counter[Comlink.releaseProxy]()
       const worker = new Worker(${JSON.stringify(other)}, { workerData: port, transferList: [port] })
       say(JSON.stringify(await new Promise(resolve => worker.once('message', resolve))))
       await until(1, 2)
       say('completed ' + executor.stats().completed)`,
    )
    expect(lines).toEqual(['[51,51,2,"missing is not a function"]', 'completed 7'])
  })
})

describe('its types', () => {
  const use = `
import { AsyncPoolExecutor } from 'async-pool-executor'
import * as Comlink from 'comlink'
interface Db {
  query(sql: string): Promise<{ id: number }[]>
  count(): number
  readonly version: string
  Session: { new (name: string): { close(force: boolean): void; user: string } }
  each(callback: ((row: number) => void) & Comlink.ProxyMarked): Promise<void>
}
const executor = new AsyncPoolExecutor(2)
const db = executor.remote<Db>('./db.js')
const same: Comlink.Remote<Db> = db
const inferred: Comlink.Remote<Db> = executor.remote(new URL('file:///db.js'))
async function main() {
  const id: number | undefined = (await db.query('select 1'))[0]?.id
  const count: Promise<number> = db.count()
  const version: string = await db.version
  const session = await new db.Session('x')
  const closed: Promise<void> = session.close(true)
  await db.each(Comlink.proxy((row: number) => void row))
  session[Comlink.releaseProxy]()
  Comlink.transfer({}, [new ArrayBuffer(8), await db[Comlink.createEndpoint]()])
  // @ts-expect-error arguments are those of the function
  db.query(5)
  // @ts-expect-error no such member
  db.missing()
  void [id, count, version, closed]
}
void [same, inferred, main]
export {}
`

  test.each([
    ['without the DOM', ['es2022', 'esnext.disposable']],
    ['with it', ['es2022', 'esnext.disposable', 'dom']],
  ])('are those of comlink, in programs %s', async (_name, lib) => {
    const home = folder()
    file('use.mts', use, home)
    file('use.cts', use, home)
    const config = {
      compilerOptions: {
        noEmit: true,
        strict: true,
        target: 'es2022',
        lib,
        types: ['node'],
        module: 'nodenext',
        moduleResolution: 'nodenext',
        skipLibCheck: false,
      },
    }
    const tsconfig = file('tsconfig.json', JSON.stringify(config), home)
    const compiled = await node([join(root, 'node_modules/typescript/bin/tsc'), '-p', tsconfig], {
      deadline: 50_000,
    })
    expect(compiled).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })
})
