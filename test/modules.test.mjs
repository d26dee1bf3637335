import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as esm from 'async-pool-executor'
import { afterAll, describe, expect, test } from 'vitest'
import { file, folder, node, runScript, source, systems } from './child.mjs'
import { create, Subclass, SubclassWithConstructor } from './fixtures/executors.mjs'
import { createExecutor, thrownBy } from './helpers.mjs'
import { fixtures, root, tasks } from './paths.mjs'

const { AsyncPoolExecutor, TaskNotFoundError } = esm
const path = name => fileURLToPath(new URL(name, fixtures))
const executor = new AsyncPoolExecutor({ size: 4, queueSize: 50 })
afterAll(() => executor.shutdown())

/** A package in a node_modules folder, with both faces. */
function installPackage(within, name = 'some-package') {
  const home = join(within, 'node_modules', name)
  mkdirSync(home, { recursive: true })
  const manifest = { name, exports: { import: './face.mjs', require: './face.cjs' } }
  file('package.json', JSON.stringify(manifest), home)
  file('face.mjs', "export const face = async () => 'import'", home)
  file('face.cjs', "exports.face = async () => 'require'", home)
}

describe('a module path may be', () => {
  test.each([
    ['an absolute path', tasks],
    ['a file: URL', pathToFileURL(tasks)],
    ['a file: URL as text', pathToFileURL(tasks).href],
    ["'./relative' to the file that constructed the executor", './fixtures/tasks.mjs'],
    ["'../relative'", '../test/fixtures/tasks.mjs'],
  ])('%s', (_what, modulePath) => {
    expect(executor.run(modulePath, 'add', [2, 3])).toBe(5)
  })

  test('a node: builtin, with or without its prefix', () => {
    expect(executor.run('node:path', 'basename', ['/a/b'])).toBe('b')
    expect(executor.run('path', 'basename', ['/a/b'])).toBe('b')
    expect(executor.run('node:fs/promises', 'readFile', [tasks, 'utf8'])).toContain(
      'export async function hold',
    )
  })

  test('a package name, looked up from base and with the import condition', () => {
    const home = folder()
    installPackage(home)
    installPackage(home, '@scope/some-package')
    const own = createExecutor({ size: 1, base: home })
    expect(own.run('some-package', 'face')).toBe('import')
    expect(own.run('@scope/some-package', 'face')).toBe('import')
    expect(thrownBy(() => executor.run('some-package', 'face')).code).toBe('ERR_MODULE_NOT_FOUND')
  })

  test.each(['sp ace', 'ha#sh', 'que?ry', 'per%41cent', 'ünï'])('in a folder named %s', name => {
    const home = join(folder(), name)
    mkdirSync(home)
    file('task.mjs', 'export const where = async () => "module"', home)
    file('task.cjs', 'exports.where = async () => "commonjs"', home)
    const own = createExecutor({ size: 1, base: home })
    for (const [extension, expected] of [
      ['mjs', 'module'],
      ['cjs', 'commonjs'],
    ]) {
      expect(own.run(`./task.${extension}`, 'where')).toBe(expected)
      expect(own.run(join(home, `task.${extension}`), 'where')).toBe(expected)
      expect(own.run(pathToFileURL(join(home, `task.${extension}`)), 'where')).toBe(expected)
    }
  })
})

describe('base may be', () => {
  const home = path('')
  test.each([
    ['a folder', home],
    ['a folder without its slash', home.replace(/\/$/, '')],
    ['a file', tasks],
    ['a file that is not there', join(home, 'nothing.js')],
    ['a URL of a file', pathToFileURL(tasks)],
    ['a URL of a folder', fixtures],
    ['a URL as text', fixtures.href],
    ['relative to the working directory', 'test/fixtures'],
  ])('%s', (_what, base) => {
    const cwd = process.cwd()
    process.chdir(root)
    try {
      expect(createExecutor({ size: 1, base }).run('./tasks.mjs', 'add', [1, 2])).toBe(3)
    } finally {
      process.chdir(cwd)
    }
  })
})

describe('by default base is', () => {
  test('the file that called the constructor, not the one that submits', () => {
    const created = create(1)
    expect(created.run('./tasks.mjs', 'add', [1, 2])).toBe(3)
    created.shutdown()
  })

  test.each([
    ['without a constructor', Subclass],
    ['with a constructor', SubclassWithConstructor],
  ])('the file that constructs a subclass %s', (_what, Class) => {
    const created = new Class(1)
    try {
      expect(created.run('./fixtures/tasks.mjs', 'add', [1, 2])).toBe(3)
    } finally {
      created.shutdown()
    }
  })

  test('the right file for a subclass in the same file', () => {
    class Local extends AsyncPoolExecutor {
      constructor() {
        super({ size: 1 })
      }
    }
    const created = new Local()
    expect(created.run('./fixtures/tasks.mjs', 'add', [1, 2])).toBe(3)
    created.shutdown()
  })

  test.each(systems)('the script itself (%s)', async system => {
    const home = folder()
    file('task.mjs', "export const where = () => 'beside the script'", home)
    const path = file(
      system === 'import' ? 'script.mjs' : 'script.cjs',
      source(system, "say(new AsyncPoolExecutor(1).run('./task.mjs', 'where'))"),
      home,
    )
    expect(await node([path])).toMatchObject({ lines: ['beside the script'], code: 0, stderr: '' })
  })

  const body = `const executor = new AsyncPoolExecutor(1)
    console.log(executor.run('./test/fixtures/tasks.mjs', 'add', [20, 22]), executor.run('node:path', 'basename', ['/a/b']))`
  const commonjs = `const { AsyncPoolExecutor } = require('async-pool-executor')\n${body}`
  const module = `import { AsyncPoolExecutor } from 'async-pool-executor'\n${body}`

  test.each([
    ['node -e', ['-e', commonjs], undefined],
    ['node -p', ['-p', `${commonjs}; 'printed'`], undefined],
    ['node --input-type=commonjs -e', ['--input-type=commonjs', '-e', commonjs], undefined],
    ['node --input-type=module -e', ['--input-type=module', '-e', module], undefined],
    ['a script on stdin', [], commonjs],
    ['a module on stdin', ['--input-type=module'], module],
    ['a script on stdin as -', ['-'], commonjs],
  ])('the working directory in %s', async (_what, args, input) => {
    const { lines, code, stderr } = await node(args, { input })
    expect({ line: lines[0], code, stderr }).toEqual({ line: '42 b', code: 0, stderr: '' })
  })

  test('the working directory in a REPL', async () => {
    const { stdout } = await node(['-i'], { input: `${commonjs.replaceAll('\n', ';')}\n` })
    expect(stdout).toContain('42 b')
  })

  test('a package name is looked up from there too', async () => {
    const { lines } = await node(['-e', `${commonjs}; console.log(executor.run('vitest/package.json', 'x'))`])
    expect(lines[0]).toBe('42 b')
  })
})

describe('NODE_OPTIONS', () => {
  test.each(systems)('--input-type in it does not keep the worker from starting (%s)', async system => {
    const body = "say(String(new AsyncPoolExecutor(1).run(tasks, 'add', [1, 2])))"
    const preload = file('preload.cjs', 'globalThis.preloaded = true')
    expect(await runScript(system, body, { flags: ['--require', preload] })).toMatchObject({ lines: ['3'] })
    const env = { ...process.env, NODE_OPTIONS: `--require ${preload} --no-warnings` }
    expect(await runScript(system, body, { env })).toMatchObject({ lines: ['3'], code: 0 })
  })
})

describe('a CommonJS module', () => {
  test.each(['static.cjs'])('whose names can be seen statically works: %s', name => {
    expect([executor.run(path(name), 'one'), executor.run(path(name), 'two')]).toEqual([1, 2])
  })

  test.each(['dynamic.cjs', 'commonjs/dynamic.js'])(
    'whose names cannot be seen statically works: %s',
    name => {
      expect(executor.run(path(name), 'one', ['a'])).toBe('one a')
      expect(executor.run(path(name), 'two', ['b'])).toBe('two b')
    },
  )

  test.each(['function.cjs', 'commonjs/function.js'])(
    'that exports one function gives it as default: %s',
    name => {
      expect(executor.run(path(name), 'default', ['x'])).toBe('called with x')
    },
  )

  test.each(['this.cjs', 'commonjs/this.js'])('may use this for its exports: %s', name => {
    expect(executor.run(path(name), 'viaThis', ['x'])).toBe('helped x')
  })

  test.each(['compiled.cjs', 'compiled.js'])('that a compiler has made has its default export: %s', name => {
    const module = file(
      name,
      `Object.defineProperty(exports, '__esModule', { value: true })
       exports.named = () => 'named'
       exports.default = Object.assign(Object.create({ inherited() {} }), {
         helper: () => 'helped',
         inDefault() { return this.helper() },
         named: () => 'not this one',
       })`,
    )
    for (const offload of [false, true]) {
      expect(executor.run(module, 'inDefault', [], { offload })).toBe('helped')
      expect(executor.run(module, 'named', [], { offload })).toBe('named')
    }
    for (const name of ['inherited', 'constructor', '__proto__', 'default'])
      expect(thrownBy(() => executor.run(module, name))).toBeInstanceOf(TaskNotFoundError)
    expect(thrownBy(() => executor.run(module, 'other')).message).toContain('named, helper, inDefault')
  })

  test('with a property named default has nothing in that, if no compiler has said so', () => {
    const module = file('plain.cjs', 'exports.default = { inDefault: () => 1 }')
    expect(thrownBy(() => executor.run(module, 'inDefault'))).toBeInstanceOf(TaskNotFoundError)
  })

  test('is the same instance for tasks and for modules that import it', () => {
    const home = folder()
    file('state.cjs', 'let count = 0; exports.next = () => ++count', home)
    file('user.mjs', "import state from './state.cjs'; export const next = () => state.next()", home)
    const own = createExecutor({ size: 1, base: home })
    const numbers = ['./state.cjs', './user.mjs', './state.cjs', './user.mjs'].map(name =>
      own.run(name, 'next'),
    )
    expect(numbers).toEqual([1, 2, 3, 4])
  })
})

describe('an ES module', () => {
  test('may use this for its exports, and export functions in an object by default', () => {
    expect(executor.run(path('this.mjs'), 'viaThis', ['x'])).toBe('helped x')
    expect(executor.run(path('this.mjs'), 'viaDefault', ['x'])).toBe('default x')
    expect(executor.run(tasks, 'onlyInDefault', ['x'])).toBe('default x')
  })

  test('may use top-level await', () => {
    const module = file(
      'awaits.mjs',
      'const value = await new Promise(r => setTimeout(r, 5, 7)); export const get = () => value',
    )
    expect(executor.run(module, 'get')).toBe(7)
  })

  test('is loaded once, whichever way it is named', () => {
    const home = folder()
    file('state.mjs', 'let count = 0; export const next = () => ++count; export const again = next', home)
    const own = createExecutor({ size: 1, base: home })
    const names = ['./state.mjs', join(home, 'state.mjs'), pathToFileURL(join(home, 'state.mjs'))]
    expect(names.map(name => own.run(name, 'next'))).toEqual([1, 2, 3])
    expect(own.run('./state.mjs', 'again')).toBe(4)
  })
})

describe('what is not there', () => {
  test('a missing function: the message lists what the module does export', () => {
    for (const [module, name, listed] of [
      [tasks, 'ad', 'add'],
      [path('dynamic.cjs'), 'three', 'one, two'],
      ['node:path', 'nope', 'basename'],
    ]) {
      const error = thrownBy(() => executor.run(module, name))
      expect(error).toBeInstanceOf(TaskNotFoundError)
      expect(error.code).toBe('ERR_TASK_NOT_FOUND')
      expect(error.message).toContain(`'${name}'`)
      expect(error.message).toContain(listed)
    }
  })

  test.each(['toString', 'constructor', '__proto__', 'hasOwnProperty', 'then'])(
    'what every object has is no task: %s',
    name => {
      for (const module of [tasks, path('dynamic.cjs'), path('function.cjs')])
        expect(thrownBy(() => executor.run(module, name))).toBeInstanceOf(TaskNotFoundError)
    },
  )

  test('an export that is no function', () => {
    const module = file('value.mjs', 'export const value = 5; export const fn = () => {}')
    const error = thrownBy(() => executor.run(module, 'value'))
    expect(error).toBeInstanceOf(TaskNotFoundError)
    expect(error.message).toMatch(/number/)
  })

  test.each([
    ['./nothing.mjs', 'ERR_MODULE_NOT_FOUND'],
    ['./nothing.cjs', 'MODULE_NOT_FOUND'],
    ['no-such-package', 'ERR_MODULE_NOT_FOUND'],
    ['node:nothing', 'ERR_UNKNOWN_BUILTIN_MODULE'],
  ])('the module %s: only its task fails', (module, code) => {
    const neighbour = executor.submit(tasks, 'add', [1, 1])
    expect(executor.submit(module, 'fn').error()).toMatchObject({ code })
    expect(neighbour.result()).toBe(2)
  })

  test('modules that fail to load: only their tasks fail', () => {
    expect(executor.submit('./fixtures/broken.mjs', 'fn').error().message).toBe('broken at import')
    const syntax = file('syntax.mjs', 'export const fn = (')
    expect(executor.submit(syntax, 'fn').error()).toBeInstanceOf(SyntaxError)
    const commonjs = file('broken.cjs', 'throw new Error("broken at require")')
    for (let i = 0; i < 2; i++)
      expect(executor.submit(commonjs, 'fn').error().message).toBe('broken at require')
    expect(executor.stats().restarts).toBe(0)
  })

  test('a CommonJS module that was missing may be there later', () => {
    const home = folder()
    const own = createExecutor({ size: 1, base: home })
    expect(own.submit('./late.cjs', 'fn').error().code).toBe('MODULE_NOT_FOUND')
    file('late.cjs', 'exports.fn = () => "here"', home)
    expect(own.run('./late.cjs', 'fn')).toBe('here')
  })
})

describe('import and require', () => {
  const cjs = createRequire(import.meta.url)('async-pool-executor')

  test('give the same names with the same values', () => {
    const { default: _default, 'module.exports': _exports, ...named } = esm
    expect(Object.keys(named).sort()).toEqual(Object.keys(cjs).sort())
    for (const [name, value] of Object.entries(named)) expect(value).toBe(cjs[name])
  })

  test('instanceof holds across', () => {
    expect(new cjs.AsyncPoolExecutor(1)).toBeInstanceOf(AsyncPoolExecutor)
    const future = executor.submit(tasks, 'fail', ['x'])
    expect(future).toBeInstanceOf(cjs.Future)
    expect(cjs.wait([future]).done.size).toBe(1)
    future.error()
    expect(thrownBy(() => executor.run(tasks, 'nothing'))).toBeInstanceOf(cjs.ExecutorError)
  })

  test('task functions are the same to executors of both', () => {
    const other = new cjs.AsyncPoolExecutor({ size: 1 })
    expect(other.run('./fixtures/tasks.mjs', 'add', [1, 2])).toBe(3)
    other.shutdown()
  })
})

describe('executors in executors', () => {
  test('a task may use an executor of its own', () => {
    const own = createExecutor({ size: 2, base: fixtures })
    expect(own.run('./executors.mjs', 'nested', [41])).toBe(42)
    expect([...own.map('./executors.mjs', 'nested', [1, 2, 3])]).toEqual([2, 3, 4])
  })
})
