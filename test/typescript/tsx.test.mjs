import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, test } from 'vitest'
import { file, folder, node } from '../child.mjs'
import { createExecutor } from '../helpers.mjs'
import { root, tasks } from '../paths.mjs'

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))
const stripsTypes = Boolean(process.features.typescript)

/** A project whose own copy of tsx counts how often it is loaded. */
function projectWithTsx() {
  const home = folder()
  cpSync(join(fixtures, 'module'), home, { recursive: true })
  const tsx = join(home, 'node_modules/tsx')
  mkdirSync(tsx, { recursive: true })
  const exports = { './esm/api': './esm.mjs', './cjs/api': './cjs.mjs' }
  file('package.json', JSON.stringify({ name: 'tsx', exports }), tsx)
  const require = createRequire(import.meta.url)
  for (const kind of ['esm', 'cjs']) {
    const real = require.resolve(`tsx/${kind}/api`).replace(/\.cjs$/, '.mjs')
    const source = `globalThis.tsxLoads = (globalThis.tsxLoads ?? 0) + 1
      export * from ${JSON.stringify(pathToFileURL(real).href)}`
    file(`${kind}.mjs`, source, tsx)
  }
  return home
}

describe('tsx is loaded', () => {
  const countLoads = executor => executor.run(() => globalThis.tsxLoads ?? 0)

  test('for no JavaScript, whatever is run', () => {
    const home = projectWithTsx()
    file('task.cjs', 'exports.fn = async () => "commonjs"', home)
    file('task.mjs', 'export const fn = async () => "module"', home)
    file('task.js', 'export const fn = async () => "script"', home)
    const executor = createExecutor({ size: 1, base: home })
    for (const [name, expected] of [
      ['./task.cjs', 'commonjs'],
      ['./task.mjs', 'module'],
      ['./task.js', 'script'],
      ['./task', 'script'],
    ])
      expect(executor.run(name, 'fn')).toBe(expected)
    expect(executor.run('node:path', 'basename', ['/a/b'])).toBe('b')
    expect(executor.run(tasks, 'add', [1, 2])).toBe(3)
    expect(executor.submit('./nothing.js', 'fn').error().code).toBe('ERR_MODULE_NOT_FOUND')
    expect(executor.run(async () => (await import('node:path')).basename('/a/b'))).toBe('b')
    expect(countLoads(executor)).toBe(0)
  })

  test(`for plain TypeScript: ${stripsTypes ? 'not, Node does it' : 'once, Node cannot do it'}`, () => {
    const executor = createExecutor({ size: 1, base: projectWithTsx() })
    for (let time = 0; time < 3; time++) {
      expect(executor.run('./plain.ts', 'double', [2])).toBe(4)
      expect(executor.run('./imports-typescript-name.ts', 'quadruple', [2])).toBe(8)
      expect(executor.run('./explicit.mts', 'base', ['/a/b'])).toBe('b')
    }
    expect(countLoads(executor)).toBe(stripsTypes ? 0 : 2)
  })

  test('for what Node cannot do, once, and the copy of the project at that', () => {
    const executor = createExecutor({ size: 1, base: projectWithTsx() })
    for (let time = 0; time < 3; time++) {
      expect(executor.run('./enum.ts', 'red')).toBe(7)
      expect(executor.run('./imports-enum.ts', 'red')).toBe(7)
      expect(executor.run('./imports-javascript-name.ts', 'quadruple', [1])).toBe(4)
    }
    expect(countLoads(executor)).toBe(2) // each of its two parts
  })
})

describe('without tsx', () => {
  // Outside the project, where its tsx is not found.
  const home = mkdtempSync(join(tmpdir(), 'without-tsx-'))
  afterAll(() => rmSync(home, { recursive: true }))
  const installed = join(home, 'node_modules/async-pool-executor')
  mkdirSync(installed, { recursive: true })
  for (const name of ['dist', 'package.json'])
    cpSync(join(root, name), join(installed, name), { recursive: true })
  const { dependencies } = createRequire(import.meta.url)(join(root, 'package.json'))
  for (const name of Object.keys(dependencies))
    symlinkSync(join(root, 'node_modules', name), join(home, 'node_modules', name))
  cpSync(join(fixtures, 'module'), home, { recursive: true })

  /** What becomes of a task, said by a process of its own. */
  async function outcomeOf(module, fn, args) {
    writeFileSync(
      join(home, 'script.mjs'),
      `import { AsyncPoolExecutor, ExecutorError, TypeScriptUnsupportedError } from 'async-pool-executor'
       const executor = new AsyncPoolExecutor(1)
       try {
         console.log(JSON.stringify({ value: executor.run(${JSON.stringify(module)}, '${fn}', ${JSON.stringify(args)}) }))
       } catch (error) {
         const { name, code, message, cause } = error
         const isOurs = error instanceof TypeScriptUnsupportedError && error instanceof ExecutorError
         console.log(JSON.stringify({ name, code, message, isOurs, hasCause: cause instanceof Error, cause: cause?.code }))
       }
       console.log(executor.run('node:path', 'basename', ['/a/still works']))`,
    )
    const { lines, code } = await node([join(home, 'script.mjs')], { cwd: home })
    expect({ last: lines.at(-1), code }).toEqual({ last: 'still works', code: 0 })
    return JSON.parse(lines[0])
  }

  test('plain TypeScript runs where Node strips types, or the error says what to install', async () => {
    const outcome = await outcomeOf('./plain.ts', 'double', [2])
    if (stripsTypes) expect(outcome).toEqual({ value: 4 })
    else {
      expect(outcome).toMatchObject({ name: 'TypeScriptUnsupportedError', isOurs: true })
      expect(outcome.code).toBe('ERR_TYPESCRIPT_UNSUPPORTED')
      expect(outcome.message).toContain('plain.ts')
      expect(outcome.message).toContain('npm install --save-dev tsx')
      expect(outcome.message).toContain('Node 22.18')
    }
  })

  test.each(['./enum.ts', './imports-enum.ts'])(
    '%s is refused, and the error says what to install',
    async name => {
      const outcome = await outcomeOf(name, 'red', [])
      expect(outcome).toMatchObject({ code: 'ERR_TYPESCRIPT_UNSUPPORTED', isOurs: true })
      expect(outcome.message).toContain('npm install --save-dev tsx')
      if (stripsTypes) {
        expect(outcome.message).toContain('enum')
        expect(outcome.cause).toBe('ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
      }
    },
  )

  const more = {
    'decorated.ts': '@(value => value) class Decorated {}\nexport const fn = () => Decorated.name',
    'requires-source.cts': "const { double } = require('./plain')\nmodule.exports = { fn: double }",
    'commonjs/exports.ts': 'export const fn = (): number => 1',
    'commonjs/package.json': '{ "type": "commonjs" }',
    'wrong.ts': 'export const fn = (n: number) number =>',
    'imports-nothing.ts': "import './not-there.js'\nexport const fn = (): number => 1",
    'imports-no-package.ts': "import 'not-installed'\nexport const fn = (): number => 1",
    'requires-nothing.cts': "require('./not-there')",
  }
  mkdirSync(join(home, 'commonjs'))
  for (const [name, text] of Object.entries(more)) writeFileSync(join(home, name), text)

  test.runIf(stripsTypes).each([
    ['./imports-javascript-name.ts', 'quadruple', 'needs', 'ERR_MODULE_NOT_FOUND'],
    ['./imports-no-extension.ts', 'quadruple', 'needs', 'ERR_MODULE_NOT_FOUND'],
    ['./requires-source.cts', 'fn', 'needs', 'MODULE_NOT_FOUND'],
    ['./view.tsx', 'view', 'needs', 'ERR_UNKNOWN_FILE_EXTENSION'],
    ['./imports-type.ts', 'areaOf', 'may need', undefined],
    ['./commonjs/exports.ts', 'fn', 'may need', undefined],
    ['./decorated.ts', 'fn', 'may need', undefined],
  ])('%s is refused, too, and keeps what Node says as the cause', async (name, fn, needs, cause) => {
    const outcome = await outcomeOf(name, fn, [1])
    expect(outcome).toMatchObject({ code: 'ERR_TYPESCRIPT_UNSUPPORTED', isOurs: true, hasCause: true })
    expect(outcome.message).toMatch(new RegExp(`ts ${needs} more than Node|tsx ${needs} more than Node`))
    expect(outcome.message).toContain('npm install --save-dev tsx')
    expect(outcome.cause).toBe(cause)
  })

  test.runIf(stripsTypes).each([
    ['./wrong.ts', 'ERR_INVALID_TYPESCRIPT_SYNTAX'],
    ['./imports-nothing.ts', 'ERR_MODULE_NOT_FOUND'],
    ['./imports-no-package.ts', 'ERR_MODULE_NOT_FOUND'],
    ['./requires-nothing.cts', 'MODULE_NOT_FOUND'],
  ])('what is wrong with %s, or not there for it, is said as Node says it', async (name, code) => {
    expect(await outcomeOf(name, 'fn', [1])).toMatchObject({ code, isOurs: false })
  })
})
