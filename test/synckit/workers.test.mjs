import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { run, worker } from './support.mjs'

const flagsOf = worker.import('() => process.execArgv')

const permission = process.allowedNodeEnvironmentFlags.has('--permission')
  ? '--permission'
  : '--experimental-permission'

describe('the flags of a worker', () => {
  test('are those of execArgv, and none of the process', async () => {
    const { said } = await run(
      { 'none.mjs': flagsOf, 'some.mjs': flagsOf },
      `say(createSyncFn(at('none.mjs'))()); say(createSyncFn(at('some.mjs'), { execArgv: ['--no-deprecation'] })())`,
      { flags: ['--no-warnings', '--conditions=x'] },
    )
    expect(said).toEqual([[], ['--no-deprecation']])
  })

  test('come from SYNCKIT_EXEC_ARGV, split at commas, unless the options say otherwise', async () => {
    const { said } = await run(
      { 'default.mjs': flagsOf, 'own.mjs': flagsOf },
      `say(createSyncFn(at('default.mjs'))()); say(createSyncFn(at('own.mjs'), { execArgv: [] })())`,
      { env: { ...process.env, SYNCKIT_EXEC_ARGV: '--no-deprecation,--conditions=y' } },
    )
    expect(said).toEqual([['--no-deprecation', '--conditions=y'], []])
  })

  test('may be --input-type, for CommonJS and for ES modules', async () => {
    const { said } = await run(
      { 'c.cjs': worker.require('() => 1'), 'm.mjs': worker.import('() => 2') },
      `for (const name of ['c.cjs', 'm.mjs']) say(createSyncFn(at(name), { execArgv: ['--input-type=module'] })())`,
    )
    expect(said).toEqual([1, 2])
  })

  test('are left out under the permission model, which they would lift', async () => {
    const { said } = await run(
      { 'w.cjs': worker.require(`() => process.permission.has('child')`) },
      `say(createSyncFn(at('w.cjs'))()); say(thrown(() => createSyncFn(at('w.cjs'), { execArgv: ['--no-warnings'] })))`,
      { flags: [permission, '--allow-worker', '--allow-fs-read=*'], system: 'require' },
    )
    expect(said).toEqual([
      false,
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE', message: expect.stringContaining('execArgv') }),
    ])
  })
})

describe("Yarn's PnP", () => {
  // What .pnp.cjs does that can be seen from here.
  const pnp = `
    const Module = require('node:module')
    globalThis.loads = (globalThis.loads ?? 0) + 1
    Object.defineProperty(process.versions, 'pnp', { value: '3' })
    const resolve = Module._resolveFilename
    Module._resolveFilename = (name, ...rest) => name === 'pnpapi' ? __filename : resolve(name, ...rest)`
  const files = {
    '.pnp.cjs': pnp,
    '.pnp.loader.mjs': '',
    'w.mjs': worker.import('() => [globalThis.loads, process.execArgv]'),
  }

  test('is handed to the worker, whose packages it finds', async () => {
    const { said, home } = await run(files, `say(createSyncFn(at('w.mjs'))())`, {
      flags: ['-r', './.pnp.cjs'],
    })
    const loader = pathToFileURL(join(home, '.pnp.loader.mjs')).href
    expect(said).toEqual([[1, ['-r', join(home, '.pnp.cjs'), '--loader', loader]]])
  })

  test('is not, where NODE_OPTIONS do so already', async () => {
    const cwd = folder()
    const { said } = await run(files, `say(createSyncFn(at('w.mjs'))())`, {
      cwd,
      env: {
        ...process.env,
        NODE_OPTIONS: `--no-warnings -r ${join(cwd, '.pnp.cjs')} --loader ${join(cwd, '.pnp.loader.mjs')}`,
      },
    })
    expect(said).toEqual([[1, []]])
  })
})

describe('the environment of a worker', () => {
  test('is a copy of what the process has when the worker starts', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import(`() => [process.env.BEFORE, process.env.AFTER, (process.env.INSIDE = 'x')]`) },
      `const fn = createSyncFn(at('w.mjs'))
       process.env.BEFORE = 'set'; say(fn()); process.env.AFTER = 'set'; say(fn()); say(process.env.INSIDE ?? 'not here')`,
    )
    expect(said).toEqual([['set', null, 'x'], ['set', null, 'x'], 'not here'])
  })

  test('may have NODE_OPTIONS that Node takes for processes only', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import('() => 1') },
      `process.env.NODE_OPTIONS = '--no-such-flag'; say(createSyncFn(at('w.mjs'))())`,
    )
    expect(said).toEqual([1])
  })
})

describe('a preload', () => {
  const inWorkers = body => `if (!require('node:worker_threads').isMainThread) { ${body} }`

  test('runs before the worker file, whether from a flag or from NODE_OPTIONS', async () => {
    const { said } = await run(
      {
        'flag.cjs': inWorkers(`globalThis.loaded = ['flag']`),
        'options.cjs': inWorkers('globalThis.fromOptions = process.env.NODE_OPTIONS'),
        'w.mjs': worker.import('() => [globalThis.loaded, globalThis.fromOptions, process.env.NODE_OPTIONS]'),
      },
      `process.env.NODE_OPTIONS = '--require ' + JSON.stringify(at('options.cjs'))
       const [loaded, seen, left] = createSyncFn(at('w.mjs'), { execArgv: ['-r', at('flag.cjs')] })()
       say([loaded, seen === process.env.NODE_OPTIONS, left === process.env.NODE_OPTIONS])`,
    )
    expect(said).toEqual([[['flag'], true, true]])
  })

  test.each([
    ['a flag', `createSyncFn(at('w.mjs'), { execArgv: ['-r', at('bad.cjs')] })`],
    ['NODE_OPTIONS', `(process.env.NODE_OPTIONS = '-r ' + at('bad.cjs'), createSyncFn(at('w.mjs')))`],
  ])('from %s that throws is what every call fails with', async (_where, fn) => {
    const { said } = await run(
      { 'bad.cjs': inWorkers(`throw new RangeError('preload')`), 'w.mjs': worker.import('() => 1') },
      `const fn = ${fn}; say(thrown(fn)); say(thrown(fn))`,
    )
    expect(said).toEqual([1, 2].map(() => ({ name: 'RangeError', message: 'preload' })))
  })

  test('that is not there is named', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import('() => 1') },
      `say(thrown(createSyncFn(at('w.mjs'), { execArgv: ['--require', 'no-such-preload'] })))`,
    )
    expect(said).toEqual([
      { name: 'Error', code: 'MODULE_NOT_FOUND', message: expect.stringContaining('no-such-preload') },
    ])
  })
})

describe('the file of a worker', () => {
  const named = name => worker.import(`() => '${name}'`)

  test('is the TypeScript beside it, if there is some', async () => {
    const { said } = await run(
      {
        'package.json': '{ "type": "module" }',
        'a.ts': named('a.ts'),
        'a.js': named('a.js'),
        'b.mts': named('b.mts'),
        'b.mjs': named('b.mjs'),
        'c.cts': worker.require(`() => 'c.cts'`),
        'c.cjs': worker.require(`() => 'c.cjs'`),
        'd.js': named('d.js'),
        'node_modules/p/a.ts': named('p/a.ts'),
        'node_modules/p/a.js': named('p/a.js'),
        'node_modules/p/package.json': '{ "type": "module" }',
      },
      `for (const name of ['a', 'a.js', 'a.ts', 'b.mjs', 'b.mts', 'c.cjs', 'd', 'd.js', 'node_modules/p/a.js'])
         say(createSyncFn(at(name), { tsRunner: 'tsx' })())`,
    )
    expect(said).toEqual(['a.ts', 'a.ts', 'a.ts', 'b.mts', 'b.mts', 'c.cts', 'd.js', 'd.js', 'p/a.js'])
  })

  test('is a module of the kind that its package.json says, or its extension', async () => {
    const kind = fn => `typeof module === 'undefined' ? ${fn} : ${fn}`
    const { said } = await run(
      {
        'package.json': '{}',
        'common.js': worker.require(`() => typeof require`),
        'module.mjs': worker.import(kind(`() => typeof require`)),
        'esm/package.json': '{ "type": "module" }',
        'esm/module.js': worker.import(`() => typeof require`),
        'esm/deep/common.cjs': worker.require(`() => typeof require`),
        'esm/deep/module.js': worker.import(`() => typeof require`),
      },
      `for (const name of ['common.js', 'module.mjs', 'esm/module.js', 'esm/deep/common.cjs', 'esm/deep/module.js'])
         say(createSyncFn(at(name))())`,
    )
    expect(said).toEqual(['function', 'undefined', 'undefined', 'function', 'undefined'])
  })

  test('may import runAsWorker from synckit itself', async () => {
    const body = `(how => {
      console.log('printed by', how)
      if (how === 'throw') throw Object.assign(new RangeError('no'), { code: 'E_NO' })
      if (how === 'uncaught') return new Promise(() => setTimeout(() => { throw new URIError('nobody catches') }, 5))
      if (how === 'bad') return () => {}
      return Promise.resolve([how])
    })`
    const { said } = await run(
      {
        'm.mjs': `import { runAsWorker } from 'synckit'\nrunAsWorker${body}`,
        'c.cjs': `const { runAsWorker } = require('synckit')\nrunAsWorker${body}`,
      },
      `for (const name of ['m.mjs', 'c.cjs']) {
         const fn = createSyncFn(at(name))
         say(fn(1)); say(thrown(() => fn('throw'))); say(thrown(() => fn('bad')).code)
         say(thrown(() => fn('uncaught'))); say(fn(2))
       }`,
    )
    const one = [
      'printed by 1',
      [1],
      'printed by throw',
      { name: 'RangeError', message: 'no', code: 'E_NO' },
      'printed by bad',
      'ERR_NOT_CLONEABLE',
      'printed by uncaught',
      { name: 'URIError', message: 'nobody catches' },
      'printed by 2',
      [2],
    ]
    expect(said).toEqual([...one, ...one])
  })

  test('is told so if it is synckit that has started it', async () => {
    const { said } = await run(
      { 'w.mjs': worker.import('() => 1') },
      `const theirs = await import('synckit')
       say(thrown(theirs.createSyncFn(at('w.mjs'), 5000)).message)`,
    )
    expect(said).toEqual([
      expect.stringContaining('import createSyncFn from async-pool-executor/synckit too'),
    ])
  })
})

describe('global shims', () => {
  const packages = {
    'node_modules/shim/package.json': `{ "exports": { "import": "./m.mjs", "require": "./c.cjs" } }`,
    'node_modules/shim/m.mjs': `export default 'esm'; export const named = 'esm named'`,
    'node_modules/shim/c.cjs': `module.exports = { named: 'cjs named' }`,
    'node_modules/effect/package.json': '{}',
    'node_modules/effect/index.js': `globalThis.effect = (globalThis.effect ?? 0) + 1`,
    'node_modules/broken/package.json': '{}',
    'node_modules/broken/index.js': `require('not-there')`,
    'node_modules/broken-esm/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/broken-esm/index.js': `import 'not-there'`,
  }
  const seen = `const seen = [globalThis.byDefault, globalThis.byName, globalThis.whole?.named, globalThis.effect]`
  const files = {
    ...packages,
    'm.mjs': `${seen}\n${worker.import('() => [seen, typeof globalThis.performance, globalThis.kept]')}`,
    'c.cjs': `${seen}\n${worker.require('() => [seen, typeof globalThis.performance, globalThis.kept]')}`,
  }
  const shims = `[
    { moduleName: 'shim', globalName: 'byDefault' },
    { moduleName: 'shim', globalName: 'byName', named: 'named' },
    { moduleName: 'shim', globalName: 'whole', named: null },
    { moduleName: 'shim', globalName: 'performance' },
    { moduleName: 'effect' },
    { moduleName: 'not-there-at-all', globalName: 'absent' },
    { moduleName: 'node:path', globalName: 'kept', named: 'sep', conditional: false },
  ]`

  test('are there when the worker file is loaded, as it would import them', async () => {
    const { said } = await run(
      files,
      `for (const name of ['m.mjs', 'c.cjs']) say(createSyncFn(at(name), { globalShims: ${shims} })())`,
    )
    expect(said).toEqual([
      [['esm', 'esm named', 'esm named', 1], 'object', '/'],
      [[{ named: 'cjs named' }, 'cjs named', 'cjs named', 1], 'object', '/'],
    ])
  })

  test('that fail to load are what calls fail with; the preset and those that are not there are not', async () => {
    const { said } = await run(
      files,
      `const make = (name, globalShims) => createSyncFn(at(name), { globalShims })
       say(thrown(make('c.cjs', [{ moduleName: 'broken' }])).message.includes('not-there'))
       say(thrown(make('m.mjs', [{ moduleName: 'broken-esm' }])).message.includes('not-there'))
       say(make('m.mjs', true)()[1]); say(make('c.cjs', true)()[1])`,
    )
    expect(said).toEqual([true, true, 'object', 'object'])
  })

  test('are the preset if SYNCKIT_GLOBAL_SHIMS says so', async () => {
    const { said } = await run(
      {
        'node_modules/node-fetch-native/package.json': '{ "exports": "./index.cjs" }',
        'node_modules/node-fetch-native/index.cjs': `globalThis.asked = true; exports.fetch = 'shim'`,
        'w.mjs': worker.import('() => [globalThis.asked === true, typeof fetch]'),
      },
      `say(createSyncFn(at('w.mjs'))())`,
      { env: { ...process.env, SYNCKIT_GLOBAL_SHIMS: '1' } },
    )
    expect(said).toEqual([[true, 'function']])
  })
})
