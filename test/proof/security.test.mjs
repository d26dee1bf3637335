import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const { AsyncPoolExecutor } = createRequire(import.meta.url)('../..')
const fixture = name => new URL(`fixtures/${name}`, import.meta.url)

const executors = []
function create(options) {
  const executor = new AsyncPoolExecutor(options)
  executors.push(executor)
  return executor
}

let folder
let open
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'roots-')))
  open = create()
  for (const name of [
    'allowed',
    'allowed-not',
    'outside',
    'allowed/node_modules/within',
    'node_modules/beyond',
  ])
    mkdirSync(join(folder, name), { recursive: true })
  const file = (name, text = `exports.where = () => ${JSON.stringify(name)}`) =>
    writeFileSync(join(folder, name), text)
  for (const name of ['allowed/tasks.cjs', 'allowed-not/tasks.cjs', 'outside/tasks.cjs', 'beside.cjs'])
    file(name)
  file('allowed/node_modules/within/index.js')
  file('node_modules/beyond/index.js')
  symlinkSync('../outside/tasks.cjs', join(folder, 'allowed/link.cjs'))
  symlinkSync('../outside', join(folder, 'allowed/folder'))
  symlinkSync('../allowed/tasks.cjs', join(folder, 'outside/link.cjs'))
  symlinkSync('allowed', join(folder, 'root-link'))
})
afterAll(() => {
  for (const executor of executors) executor.shutdown({ timeout: 5_000 })
  rmSync(folder, { recursive: true })
})

/** How an attempt ends: with what the function gives, or with the name of an error. */
function attempt(executor, module, fn = 'where') {
  try {
    return executor.run(module, fn)
  } catch (error) {
    return error.code ?? error.name
  }
}

describe('roots', () => {
  const load = (module, root = 'allowed') =>
    attempt(
      create({ base: join(folder, 'allowed/'), roots: [join(folder, root)], onError: 'ignore' }),
      module,
    )

  test.each([
    ['a file in them', './tasks.cjs', 'allowed/tasks.cjs'],
    ['a package in them', 'within', 'allowed/node_modules/within/index.js'],
    ['a link from outside to a file in them', '../outside/link.cjs', 'allowed/tasks.cjs'],
  ])('let in %s', (_what, module, where) => expect(load(module)).toBe(where))

  test('may be links themselves', () => expect(load('./tasks.cjs', 'root-link')).toBe('allowed/tasks.cjs'))

  test.each([
    ['a file beside them', '../beside.cjs'],
    ['a folder whose name begins as theirs', '../allowed-not/tasks.cjs'],
    ['a way out by dots', './folder/../../outside/tasks.cjs'],
    ['a link to a file outside', './link.cjs'],
    ['a link to a folder outside', './folder/tasks.cjs'],
    ['a package outside', 'beyond'],
    ['a way out of a package', 'within/../../../outside/tasks.cjs'],
    ['a builtin', 'node:child_process'],
    ['a builtin without its prefix', 'child_process'],
    ['a builtin of the module system', 'node:module'],
    ['the folder itself', '.'],
    ['a file that is missing', './missing.cjs'],
  ])('refuse %s', (_what, module) => expect(load(module)).toBe('ERR_EXECUTOR'))

  test('refuse URLs that hide the way out', () => {
    const base = pathToFileURL(join(folder, 'allowed/')).href
    for (const way of ['../beside.cjs', '%2e%2e/beside.cjs', 'link.cjs?x=1', 'tasks.cjs/../../beside.cjs#y'])
      expect(load(new URL(base + way))).toBe('ERR_EXECUTOR')
  })

  test('hold for the initializer too', () => {
    const initializer = { module: join(folder, 'outside/tasks.cjs'), fn: 'where' }
    const executor = create({
      roots: [join(folder, 'allowed')],
      initializer,
      restart: false,
      onError: 'ignore',
    })
    expect(attempt(executor, join(folder, 'allowed/tasks.cjs'))).toBe('ERR_BROKEN_EXECUTOR')
  })
})

describe('modules that are in no file', () => {
  const code = 'data:text/javascript,export const where = () => "ran"'

  test.each([
    code,
    ` ${code}`,
    `\t${code}`,
    `\n${code}`,
    `\0${code}`,
    code.replace('data', 'da\nta'),
    code.replace('data:', 'DATA\t:'),
    'http://127.0.0.1:9/x.mjs',
    'https://127.0.0.1:9/x.mjs',
    ' https://127.0.0.1:9/x.mjs',
    'blob:nodedata:0123',
    'javascript:0',
    'nodejs:fs',
  ])('%j is refused at the call', module => {
    expect(() => open.submit(module, 'where')).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE', name: 'TypeError' }),
    )
  })

  test.each(['data:text/javascript,0', 'https://127.0.0.1:9/x.mjs', 'file://elsewhere/x.mjs'])(
    'URL %s is refused at the call',
    url => expect(() => open.submit(new URL(url), 'where')).toThrow(TypeError),
  )
})

describe('names of functions', () => {
  const modules = [fixture('exports.mjs'), 'node:path', 'node:util']

  test.each([
    '__proto__',
    'constructor',
    'prototype',
    'inherited',
    'toString',
    'hasOwnProperty',
    'valueOf',
    '__defineGetter__',
    'isPrototypeOf',
    'call',
    'apply',
    'bind',
    'default',
    'number',
    'frozen.hidden',
    'Service.open',
  ])('%s calls nothing', name => {
    for (const module of modules) expect(attempt(open, module, name)).toBe('ERR_TASK_NOT_FOUND')
  })

  test('constructor calls nothing either where it is an own property', () =>
    expect(attempt(open, fixture('legacy.cjs'), 'constructor')).toBe('ERR_TASK_NOT_FOUND'))

  test('own function exports are called, by name and through the default export', () => {
    expect(attempt(open, modules[0], 'hello')).toBe('hello')
    expect(attempt(open, modules[0], 'own')).toBe('own member')
  })
})

describe('values from the worker', () => {
  test('cannot change the prototype of an error, or of all objects', () => {
    const error = open.submit(fixture('errors.mjs'), 'pollutingError').error()
    expect(error).toMatchObject({ message: 'attack', code: 'ERR_ATTACK' })
    expect(Object.getPrototypeOf(error)).toBe(Error.prototype)
    expect(error.constructor).toBe(Error)
    expect([error.polluted, error.prototype, {}.polluted, Error.prototype.polluted]).toEqual(
      Array(4).fill(undefined),
    )
    expect(Object.getPrototypeOf(error.details)).toBe(Object.prototype)
    expect(Object.getPrototypeOf(error.cause.x)).toBe(Object.prototype)
  })

  test('cannot give a result another prototype', () => {
    const result = open.run(fixture('errors.mjs'), 'pollutingResult')
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype)
    expect([result.polluted, result.safe, {}.polluted]).toEqual([undefined, 1, undefined])
  })

  test('cannot choose a class by the name of an error', () => {
    const error = open.submit(fixture('errors.mjs'), 'stolenName').error()
    expect([error.name, Object.getPrototypeOf(error)]).toEqual(['__proto__', Error.prototype])
  })
})

describe('env, argv and execArgv', () => {
  const inside = fixture('inside.mjs')

  test('reach the worker as asked, and nothing else does', () => {
    const given = { env: { ONLY: 'this' }, argv: ['--one', 'two'], execArgv: ['--no-warnings'] }
    expect(create(given).run(inside, 'environment')).toEqual(given)
  })

  test('are those of the process if nothing is asked', () => {
    const { env, argv, execArgv } = create().run(inside, 'environment')
    expect(env).toEqual({ ...process.env })
    expect(argv).toEqual(process.argv.slice(2))
    expect(execArgv).toEqual(process.execArgv)
  })

  test('change nothing here when the worker changes its own', () => {
    const executor = create({ initializer: { module: 'node:process', fn: 'loadEnvFile', args: [envFile()] } })
    expect(executor.run(inside, 'environment').env.FROM_FILE).toBe('worker')
    expect(process.env.FROM_FILE).toBeUndefined()
  })

  function envFile() {
    const file = join(folder, 'env')
    writeFileSync(file, 'FROM_FILE=worker\n')
    return file
  }
})
