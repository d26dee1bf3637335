import { basename, relative } from 'node:path'
import { describe, expect, test } from 'vitest'
import { file, node } from '../child.mjs'
import { root } from '../paths.mjs'

/*
 * What a module costs, everybody pays who imports it. A change that makes these lists longer must be worth it to
 * programs that use nothing but submit and result.
 */

const script = `
const before = new Set(process.moduleLoadList)
const { AsyncPoolExecutor } = require('async-pool-executor')
const executor = new AsyncPoolExecutor()
const calls = {
  plain: () => executor.run('./probe.cjs', 'loaded'),
  offload: () => executor.run('node:path', 'basename', ['/a/b'], { offload: true }),
  text: () => executor.run(() => 1),
}
calls[process.argv[2]]()
const builtin = process.moduleLoadList.filter(name => !before.has(name))
const caller = Object.keys(require.cache)
console.log(JSON.stringify({ caller, builtin, worker: executor.run('./probe.cjs', 'loaded') }))`

const probe = 'exports.loaded = () => Object.keys(require.cache)'

/** The files that the caller's thread and the worker have loaded, by their path in the project. */
async function loadedBy(use) {
  const path = file('script.cjs', script)
  file('probe.cjs', probe, path.slice(0, -basename(path).length))
  const { code, stdout, stderr } = await node([path, use])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { caller, worker, builtin } = JSON.parse(stdout)
  const ofPackage = paths =>
    paths
      .map(loaded => relative(root, loaded))
      .filter(loaded => !loaded.startsWith('test'))
      .sort()
  return { caller: ofPackage(caller), worker: ofPackage(worker), builtin }
}

describe('import and first call', () => {
  test('load three files in each thread and no package', async () => {
    const { caller, worker } = await loadedBy('plain')
    expect(caller).toEqual(['dist/bridge.js', 'dist/channel.js', 'dist/index.js'])
    expect(worker).toEqual(['dist/channel.js', 'dist/functions.js', 'dist/worker.js'])
  })

  test('load neither node:crypto, which takes 3 ms, nor node:vm', async () => {
    const { builtin } = await loadedBy('plain')
    // Of those that they do load: without it, the list would say nothing.
    expect(builtin).toContain('NativeModule worker_threads')
    expect(builtin).not.toContain('NativeModule crypto')
    expect(builtin).not.toContain('NativeModule vm')
    expect((await loadedBy('text')).builtin).toContain('NativeModule vm')
  })

  test('load Piscina with the first call for a CPU thread, and in the worker only', async () => {
    const { caller, worker } = await loadedBy('offload')
    expect(caller).toEqual(['dist/bridge.js', 'dist/channel.js', 'dist/index.js'])
    expect(worker).toContain('dist/offload.js')
    expect(worker.some(path => path.startsWith('node_modules/piscina/'))).toBe(true)
  })

  test('load Comlink with the first remote()', async () => {
    const path = file(
      'remote.cjs',
      `const { AsyncPoolExecutor } = require('async-pool-executor')
       const loaded = () => Object.keys(require.cache).some(path => /[\\\\/]comlink[\\\\/]/.test(path))
       const executor = new AsyncPoolExecutor()
       executor.run('node:path', 'basename', ['/a/b'])
       const before = loaded()
       executor.remote('node:path').basename('/a/b').then(name => console.log(before, loaded(), name))`,
    )
    const { code, lines } = await node([path])
    expect({ code, lines }).toEqual({ code: 0, lines: ['false true b'] })
  })
})

test('the help of the command loads one library, that for arguments', async () => {
  const preload = file(
    'loaded.cjs',
    `process.on('exit', () => {
       const packages = Object.keys(require.cache).map(path => /.*node_modules[\\\\/]([^\\\\/]+)/.exec(path)?.[1])
       require('node:fs').writeSync(2, JSON.stringify([...new Set(packages.filter(Boolean))]))
     })`,
  )
  const { code, stderr } = await node(['--require', preload, 'dist/cli.js', '--help'])
  expect({ code, packages: JSON.parse(stderr) }).toEqual({ code: 0, packages: ['commander'] })
})
