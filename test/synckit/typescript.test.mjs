import { describe, expect, test } from 'vitest'
import { run } from './support.mjs'

const [major, minor] = process.versions.node.split('.').map(Number)
const stripsTypes = major > 22 || (major === 22 && minor >= 6)

const typed = `
  import { runAsWorker } from 'async-pool-executor/synckit'
  import { double } from './other.ts'
  type Pair<T> = [T, T]
  runAsWorker(async (value: number): Promise<Pair<number>> => [value satisfies number, double(value)])`
const other = 'export const double = (value: number): number => value * 2'

const sources = {
  'cjs/package.json': '{}',
  'cjs/w.ts': typed,
  'cjs/other.ts': other,
  'esm/package.json': '{ "type": "module" }',
  'esm/w.ts': typed,
  'esm/other.ts': other,
}

describe('tsx', () => {
  test('runs TypeScript of either module system, wherever it is said', async () => {
    const calls = `for (const name of ['cjs/w.ts', 'esm/w.ts']) say(createSyncFn(at(name), options)(2))`
    const asked = await run(sources, `const options = { tsRunner: 'tsx' }\n${calls}`)
    const fromEnv = await run(sources, `const options = undefined\n${calls}`, {
      env: { ...process.env, SYNCKIT_TS_RUNNER: 'tsx' },
    })
    expect([asked.said, fromEnv.said]).toEqual([
      [
        [2, 4],
        [2, 4],
      ],
      [
        [2, 4],
        [2, 4],
      ],
    ])
  })
})

/** Stands in for a runner: counts itself, and takes .ts for .js. */
const hook = name => `
  globalThis.runner = (globalThis.runner ?? '') + '${name}'
  require('node:module')._extensions['.ts'] = require('node:module')._extensions['.js']`
const loader = `
  export async function load(url, context, next) {
    return url.endsWith('.ts') ? next(url, { ...context, format: 'module' }) : next(url, context)
  }`
const registration = name => `
  globalThis.runner = (globalThis.runner ?? '') + '${name}'
  import { register } from 'node:module'
  register('data:text/javascript,' + encodeURIComponent(${JSON.stringify(loader)}))`

describe('a TypeScript runner', () => {
  const reporting = `import { runAsWorker } from 'async-pool-executor/synckit'\nrunAsWorker(() => globalThis.runner)`
  const common = reporting
    .replace('import { runAsWorker } from', 'const { runAsWorker } = require(')
    .replace("'\n", "')\n")

  test.each([
    ['ts-node', 'ts-node/register.js'],
    ['esbuild-register', 'esbuild-register/index.js'],
    ['esbuild-runner', 'esbuild-runner/register.js'],
    ['swc', '@swc-node/register/index.js'],
  ])('%s is required before a CommonJS file', async (tsRunner, file) => {
    const { said } = await run(
      { 'w.ts': common, 'package.json': '{}', [`node_modules/${file}`]: hook(tsRunner) },
      `say(createSyncFn(at('w.ts'), { tsRunner: '${tsRunner}' })())
       say(createSyncFn(at('w.ts'), { tsRunner: '${tsRunner}', execArgv: ['-r', at('node_modules/${file}'), '--no-warnings'] })())`,
    )
    expect(said).toEqual([tsRunner, tsRunner])
  })

  test('may make an ES module of it, which has the names of CommonJS nevertheless', async () => {
    const { said } = await run(
      {
        'w.ts': `
          import { runAsWorker } from 'async-pool-executor/synckit'
          runAsWorker(() => [require('node:path').sep, typeof module.exports, typeof exports, __filename, __dirname])`,
        'package.json': '{}',
        'node_modules/ts-node/register.js': hook('ts-node'),
      },
      `say(createSyncFn(at('w.ts'), { tsRunner: 'ts-node' })())
       say([at('w.ts'), at('.')])`,
    )
    const [[sep, ...rest], [file, within]] = said
    expect([sep, ...rest]).toEqual([sep, 'object', 'object', file, within])
    expect(sep).toMatch(/^[/\\\\]$/)
  })

  test.each([
    ['swc', '@swc-node/register/esm-register.mjs'],
    ['oxc', '@oxc-node/core/register.mjs'],
  ])('%s is imported before an ES module', async (tsRunner, file) => {
    const [name] = file.match(/^@[^/]+\/[^/]+/)
    const subpath = file.slice(name.length + 1).replace('.mjs', '')
    const { said } = await run(
      {
        'w.ts': reporting,
        'package.json': '{ "type": "module" }',
        [`node_modules/${name}/package.json`]: `{ "exports": { "./${subpath}": "./${subpath}.mjs" } }`,
        [`node_modules/${file}`]: registration(tsRunner),
      },
      `say(createSyncFn(at('w.ts'), { tsRunner: '${tsRunner}' })())`,
    )
    expect(said).toEqual([tsRunner])
  })

  test.each([
    ['ts-node', 'ts-node', 'esm'],
    ['esbuild-register', 'esbuild-register', 'loader'],
  ])('%s is the loader of an ES module', async (tsRunner, name, subpath) => {
    const { said } = await run(
      {
        'w.ts': `import { runAsWorker } from 'async-pool-executor/synckit'\nrunAsWorker(() => process.execArgv)`,
        'package.json': '{ "type": "module" }',
        [`node_modules/${name}/package.json`]: `{ "exports": { "./${subpath}": "./loader.mjs" } }`,
        [`node_modules/${name}/loader.mjs`]: loader,
      },
      `say(createSyncFn(at('w.ts'), { tsRunner: '${tsRunner}' })().slice(-2))`,
    )
    expect(said).toEqual([['--loader', `${name}/${subpath}`]])
  })

  test('that is unknown, or cannot run the file, is refused at once', async () => {
    const { said } = await run(
      { 'w.ts': '', 'm.mts': '', 'c.cts': '' },
      `say(thrown(() => createSyncFn(at('w.ts'), { tsRunner: 'unknown' })).message)
       for (const tsRunner of ['esbuild-register', 'esbuild-runner'])
         for (const name of ['m.mts', 'c.cts']) say(thrown(() => createSyncFn(at(name), { tsRunner })).message)
       say(typeof createSyncFn(at('w.js'), { tsRunner: 'esbuild-runner' }))`,
    )
    expect(said).toEqual([
      'Unknown ts runner: unknown',
      'esbuild-register is not supported for .mts files yet, you can try tsx instead',
      'esbuild-register is not supported for .cts files yet, you can try tsx instead',
      'esbuild-runner is not supported for .mts files yet, you can try tsx instead',
      'esbuild-runner is not supported for .cts files yet, you can try tsx instead',
      'function',
    ])
  })

  test('is ts-node by default where Node runs no TypeScript itself, else tsx', async () => {
    const { said } = await run(
      {
        'w.ts': common,
        'package.json': '{}',
        'node_modules/ts-node/package.json': '{}',
        'node_modules/ts-node/register.js': hook('ts-node'),
      },
      `say(createSyncFn(at('w.ts'))() ?? 'node')`,
    )
    expect(said).toEqual([stripsTypes ? 'node' : 'ts-node'])
  })

  test.runIf(stripsTypes)('is Node itself where it can', async () => {
    const { said } = await run(
      sources,
      `for (const name of ['esm/w.ts', 'cjs/w.ts']) say(createSyncFn(at(name), { tsRunner: 'node' })(2))
       say(thrown(() => createSyncFn(at('esm/w.ts'), { tsRunner: 'node', execArgv: ['--no-experimental-strip-types'] })).message)`,
    )
    expect(said).toEqual([[2, 4], [2, 4], 'type stripping is disabled explicitly'])
  })

  test.runIf(!stripsTypes)('cannot be Node where it does not know TypeScript', async () => {
    const { said } = await run(
      sources,
      `say(thrown(() => createSyncFn(at('esm/w.ts'), { tsRunner: 'node' })).message)`,
    )
    expect(said).toEqual(['type stripping is not supported in this node version'])
  })
})
