import { cpSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder, node } from '../child.mjs'
import { root } from '../paths.mjs'
import { run, worker, write } from './support.mjs'

const theirs = createRequire(import.meta.url)('synckit')

describe.each(['import', 'require'])('async-pool-executor/synckit through %s', system => {
  test('exports what synckit exports, and nothing else', async () => {
    const { said } = await run({}, 'say(Object.keys(synckit).sort())', { system })
    expect(said).toEqual([Object.keys(theirs).sort()])
  })

  test.each([
    {},
    {
      NODE_OPTIONS: String.raw`--no-warnings  --require "./a \"b\" c.cjs" --conditions=x"y z"`,
      SYNCKIT_EXEC_ARGV: '--a,--b',
      SYNCKIT_GLOBAL_SHIMS: 'true',
      SYNCKIT_TIMEOUT: '1234',
      SYNCKIT_TS_RUNNER: 'swc',
    },
  ])('has the same values with the environment %o', async env => {
    const { said } = await run(
      { 'a "b" c.cjs': '' },
      `const { isDeepStrictEqual } = (await import('node:util'))
       const theirs = await import('synckit')
       for (const [name, value] of Object.entries(theirs))
         if (typeof value !== 'function' && !isDeepStrictEqual(value, synckit[name])) say([name, value, synckit[name]])
       say(synckit.NODE_OPTIONS)`.replace(
        /await import\('(\S+)'\)/g,
        system === 'import' ? '$&' : `require('$1')`,
      ),
      { system, env: { PATH: process.env.PATH, ...env } },
    )
    expect(said).toEqual([
      env.NODE_OPTIONS ? ['--no-warnings', '--require', './a "b" c.cjs', '--conditions=xy z'] : [],
    ])
  })
})

describe('the helpers', () => {
  const calls = [
    ['compareVersion', '20.1.0', '20.1'],
    ['compareVersion', '1.10', '1.9.9'],
    ['compareVersion', '2', '2.0.1-rc'],
    ['compareNodeVersion', '18'],
    ['parseVersion', '22.6.0'],
    ['hasRequireFlag', ['a', '-r', 'b']],
    ['hasRequireFlag', ['a']],
    ['hasImportFlag', ['--import', 'x']],
    ['hasLoaderFlag', ['--experimental-loader', 'x']],
    ['hasLoaderFlag', []],
    ['hasFlag', '--no-warnings'],
    ['isFile', join(root, 'package.json')],
    ['isFile', root],
    ['isFile', 'no-such-file'],
    ['md5Hash', 'text'],
    ['dataUrl', 'code()'],
    ['encodeImportModule', { moduleName: 'm', globalName: 'g', named: 'n' }, 'require'],
    ['generateGlobals', join(root, 'x.mjs'), [{ moduleName: 'node:path', globalName: 'path' }]],
    ['_generateGlobals', [{ moduleName: 'm' }], 'import'],
    ['extractProperties', Object.assign(Object.create({ inherited: 1 }), { own: 2 })],
    ['extractProperties', 'text'],
    ['setupTsRunner', join(root, 'no-such.ts'), { tsRunner: 'tsx' }],
  ]

  test.each(calls)('%s answers as that of synckit', async (name, ...args) => {
    const ours = createRequire(import.meta.url)('async-pool-executor/synckit')
    expect(ours[name](...args)).toEqual(theirs[name](...args))
  })

  test('are called as those of synckit, and have as many parameters', () => {
    const ours = createRequire(import.meta.url)('async-pool-executor/synckit')
    const shapes = exported =>
      Object.entries(exported).flatMap(([key, value]) =>
        typeof value === 'function' ? [[key, value.name, value.length]] : [],
      )
    expect(shapes(ours).sort()).toEqual(shapes(theirs).sort())
  })

  test('are tested, every one', () => {
    const functions = Object.keys(theirs).filter(name => typeof theirs[name] === 'function')
    const elsewhere = ['createSyncFn', 'runAsWorker', 'startWorkerThread', 'overrideStdio']
    expect([...new Set([...calls.map(([name]) => name), ...elsewhere])].sort()).toEqual(functions.sort())
  })

  test('overrideStdio is that of synckit', async () => {
    const { said } = await run(
      {},
      `const chunks = []
       synckit.overrideStdio(chunks)
       process.stdout._writev([{ chunk: 'text', encoding: 'utf8' }], () => say(chunks))`,
    )
    expect(said).toEqual([[{ type: 'stdout', chunk: 'text', encoding: 'utf8' }]])
  })
})

/** A copy of the built package in a project of its own, where synckit is not installed, or is something else. */
function elsewhere(files) {
  const home = folder()
  cpSync(join(root, 'dist'), join(home, 'node_modules/async-pool-executor/dist'), { recursive: true })
  cpSync(join(root, 'package.json'), join(home, 'node_modules/async-pool-executor/package.json'))
  write(home, { 'package.json': '{}', ...files })
  return home
}

describe('without synckit', () => {
  const files = {
    'w.mjs': worker.import('value => value'),
    'w.ts': worker.import('(value: number) => value'),
  }

  test('createSyncFn and runAsWorker work, and its helpers say what is missing', async () => {
    // Node looks for packages in the folders above too, where this project has synckit.
    const none = { 'node_modules/synckit/package.json': '{ "exports": {} }' }
    const { said } = await run(
      files,
      `say(createSyncFn(at('w.mjs'))(1)); say(createSyncFn(at('w.ts'), { tsRunner: 'tsx' })(2))
       say(synckit.extractProperties({ a: 1 })); say(thrown(() => synckit.md5Hash('')))`,
      { cwd: elsewhere(none) },
    )
    const message = expect.stringContaining(
      'md5Hash() of async-pool-executor/synckit is a helper of the package synckit',
    )
    expect(said).toEqual([1, 2, { a: 1 }, { name: 'ExecutorError', code: 'ERR_EXECUTOR', message }])
  })

  test('the same if this package has been put in its place', async () => {
    const alias = {
      'node_modules/synckit/package.json':
        '{ "exports": { "import": "./index.mjs", "require": "./index.cjs" } }',
      'node_modules/synckit/index.mjs': `export * from 'async-pool-executor/synckit'`,
      'node_modules/synckit/index.cjs': `module.exports = require('async-pool-executor/synckit')`,
      'w.mjs': `import { runAsWorker } from 'synckit'\nrunAsWorker(value => value)`,
      'w.cjs': `const { runAsWorker } = require('synckit')\nrunAsWorker(value => value)`,
    }
    const { said } = await run(
      {},
      `const { md5Hash } = await import('synckit')
       say(createSyncFn(at('w.mjs'))(1)); say(createSyncFn(at('w.cjs'))(2)); say(thrown(() => md5Hash('')).message)`,
      { cwd: elsewhere(alias) },
    )
    expect(said).toEqual([1, 2, expect.stringContaining('"synckit" is this package here')])
  })
})

describe('the types', () => {
  const use = `
import * as ours from 'async-pool-executor/synckit'
import * as theirs from 'synckit'
const asTheirs: typeof theirs = ours
const asOurs: typeof ours = theirs
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
const options: Same<ours.SynckitOptions, theirs.SynckitOptions> = true
const shim: Same<ours.GlobalShim, theirs.GlobalShim> = true
const runner: Same<ours.TsRunner, theirs.TsRunner> = true
const answer: Same<ours.WorkerToMainMessage<1>, theirs.WorkerToMainMessage<1>> = true
const failure: Same<ours.WorkerFailureMessage, theirs.WorkerFailureMessage> = true
const others: Same<
  [ours.MainToWorkerMessage<[1]>, ours.MainToWorkerCommandMessage, ours.WorkerData, ours.DataMessage<1>, ours.StdioChunk, ours.PackageJson, ours.ValueOf<{ a: 1 }>, ours.AnyFn, ours.Syncify<() => Promise<1>>],
  [theirs.MainToWorkerMessage<[1]>, theirs.MainToWorkerCommandMessage, theirs.WorkerData, theirs.DataMessage<1>, theirs.StdioChunk, theirs.PackageJson, theirs.ValueOf<{ a: 1 }>, theirs.AnyFn, theirs.Syncify<() => Promise<1>>]
> = true
async function format(source: string, width?: number): Promise<string> { return source.padEnd(width ?? 0) }
const formatSync = ours.createSyncFn<typeof format>('/worker.js', { timeout: 5, tsRunner: 'tsx' })
const text: string = formatSync('a', 2)
// @ts-expect-error arguments are those of the function
formatSync(1)
// @ts-expect-error there is no such runner
ours.createSyncFn('/worker.js', { tsRunner: 'none' })
ours.runAsWorker(format)
ours.runAsWorker((a: number) => a)
const started: (source: string, width?: number) => string = ours.startWorkerThread<typeof format>('/worker.js')
void [asTheirs, asOurs, options, shim, runner, answer, failure, others, text, started]
`

  test.each(['m.mts', 'c.cts'])('are those of synckit, either way, in %s', async name => {
    const home = folder()
    const config = {
      compilerOptions: {
        noEmit: true,
        strict: true,
        target: 'es2022',
        module: 'nodenext',
        moduleResolution: 'nodenext',
        types: ['node'],
        typeRoots: [join(root, 'node_modules/@types')],
      },
      files: [name],
    }
    write(home, { [name]: use, 'tsconfig.json': JSON.stringify(config) })
    const { code, stdout } = await node([join(root, 'node_modules/typescript/bin/tsc'), '-p', home], {
      deadline: 50_000,
    })
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
  })
})
