import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { file, folder, node } from '../child.mjs'
import { root } from '../paths.mjs'

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))
const program = path => join(root, 'node_modules', path)
const tsx = program('tsx/dist/cli.mjs')
const tsNode = program('ts-node/dist/bin.js')

/** One that has a JavaScript API, which ts-node needs, and so does a tool that checks the types of this package. */
function olderTypeScript() {
  let from = createRequire(join(root, 'package.json'))
  for (const name of ['@arethetypeswrong/cli/package.json', '@arethetypeswrong/core'])
    from = createRequire(from.resolve(name))
  return from.resolve('typescript')
}

const body = `
const executor = new AsyncPoolExecutor({ size: 2 })
const list: unknown[] = []
list.push(executor.run('./plain.ts', 'double', [21]))
list.push(executor.run('./plain.js', 'double', [21]))
list.push(executor.run('./enum.ts', 'red'))
list.push(executor.run('./explicit.mts', 'base', ['/a/b']))
list.push(executor.run(async (value: number) => {
  const inner = (more: number): number => value + more
  return inner(1)
}, [1]))
list.push(executor.module<typeof import('./plain.js')>('./plain.js').run.double(2))
console.log(JSON.stringify(list))
executor.submit('node:console', 'log', ['drained'])
process.exitCode = 3
`
const expected = { lines: ['[42,42,7,"b",2,4]', 'drained'], code: 3 }

/** A project in which the package is installed, with a program in TypeScript. */
function project(type) {
  const home = folder()
  cpSync(join(fixtures, type), home, { recursive: true })
  mkdirSync(join(home, 'node_modules'))
  symlinkSync(root, join(home, 'node_modules/async-pool-executor'), 'dir')
  const options = {
    module: type === 'module' ? 'nodenext' : 'commonjs',
    target: 'es2022',
    esModuleInterop: true,
  }
  const config = { compilerOptions: options, 'ts-node': { transpileOnly: true } }
  file('tsconfig.json', JSON.stringify(config), home)
  file('main.ts', `import { AsyncPoolExecutor } from 'async-pool-executor'\n${body}`, home)
  return home
}

async function run(home, args, env = {}) {
  const { lines, code, stderr } = await node([...args, 'main.ts'], {
    cwd: home,
    env: { ...process.env, ...env },
    deadline: 50_000,
  })
  return { lines, code, stderr }
}

describe('task modules of TypeScript run in a program that is run by', () => {
  test.runIf(process.features.typescript)('Node itself', async () => {
    expect(await run(project('module'), [])).toMatchObject(expected)
  })

  test.each([
    ['module', 'tsx', [tsx]],
    ['commonjs', 'tsx', [tsx]],
    ['module', 'node --import tsx', ['--import', 'tsx']],
    ['commonjs', 'node --import tsx', ['--import', 'tsx']],
    ['commonjs', 'node --require tsx/cjs', ['--require', 'tsx/cjs']],
  ])('%s: %s', async (type, _host, args) => {
    expect(await run(project(type), args)).toMatchObject({ ...expected, stderr: '' })
  })

  test.each([
    ['commonjs', 'ts-node', [tsNode]],
    ['commonjs', 'node --require ts-node/register', ['--require', 'ts-node/register']],
    ['module', 'node --loader ts-node/esm', ['--no-warnings', '--loader', 'ts-node/esm']],
  ])('%s: %s', async (type, _host, args) => {
    expect(await run(project(type), args, { TS_NODE_COMPILER: olderTypeScript() })).toMatchObject(expected)
  })

  test.each(['module', 'commonjs'])('%s: Vitest', async type => {
    const home = project(type)
    file(
      'host.test.ts',
      `import { AsyncPoolExecutor } from 'async-pool-executor'
       import { expect, test } from 'vitest'
       const executor = new AsyncPoolExecutor(2)
       test('tasks beside the test', () => {
         expect(executor.run('./plain.ts', 'double', [21])).toBe(42)
         expect(executor.run('./enum.ts', 'red')).toBe(7)
         expect(executor.module<typeof import('./plain.js')>('./plain.js').run.double(2)).toBe(4)
       })
       test('functions that import', () => {
         expect(executor.run(async (path: string) => (await import('node:path')).basename(path), ['/a/b'])).toBe('b')
         expect(executor.run(async () => (await import('./explicit.mts')).base('/c/d'))).toBe('d')
       })
       test('the end', () => {
         expect(executor.shutdown()).toMatchObject({ failed: 0, abandoned: 0 })
       })`,
      home,
    )
    file('vitest.config.mjs', "export default { test: { include: ['*.test.ts'] } }", home)
    const vitest = program('vitest/vitest.mjs')
    const { stdout, stderr, code } = await node([vitest, 'run', '--root', home], {
      cwd: home,
      deadline: 50_000,
    })
    expect({ code, stderr }, stdout).toMatchObject({ code: 0, stderr: '' })
    expect(stdout).toMatch(/3 passed/)
  })
})
