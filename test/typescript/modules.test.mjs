import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gather } from 'async-pool-executor'
import { describe, expect, test } from 'vitest'
import { file, folder } from '../child.mjs'
import { createExecutor, thrownBy } from '../helpers.mjs'

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))
const modules = (options = {}) => createExecutor({ size: 10, base: join(fixtures, 'module'), ...options })
const commonjs = () => modules({ base: join(fixtures, 'commonjs') })

describe.each([
  ['an ES module', modules],
  ['CommonJS', commonjs],
])('a task module of TypeScript that is %s', (_what, create) => {
  test.each([
    ['plain.ts', 'double', [21], 42],
    ['explicit.mts', 'base', ['/a/b'], 'b'],
    ['explicit.cts', 'base', ['/a/b'], 'b'],
    ['assigned.cts', 'base', ['/a/b'], 'b'],
    ['view.tsx', 'view', ['text'], '<b>text</b>'],
    ['imports-typescript-name.ts', 'quadruple', [2], 8],
    ['imports-javascript-name.ts', 'quadruple', [2], 8],
    ['imports-no-extension.ts', 'quadruple', [2], 8],
    ['imports-type.ts', 'areaOf', [{ width: 2, height: 3 }], 6],
    ['enum.ts', 'red', [], 7],
    ['imports-enum.ts', 'red', [], 7],
  ])('%s runs', (name, fn, args, expected) => {
    expect(create().run(`./${name}`, fn, args)).toEqual(expected)
  })

  test('may fail with errors of its own', () => {
    const error = thrownBy(() => create().run('./plain.ts', 'fail', ['no']))
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ name: 'TooMuch', message: 'no', code: 'ERR_TOO_MUCH' })
    expect(error.stack).toContain('plain.ts')
  })

  test('is one copy for whatever imports it, in whichever order and way it is loaded', () => {
    const calls = [
      ['./uses-state.ts', 'viaPlain'],
      ['./uses-all.ts', 'viaAll'],
      ['./uses-state-and-enum.ts', 'viaEnum'],
      ['./state.ts', 'next'],
    ]
    for (const order of [calls, [...calls].reverse()]) {
      const executor = create()
      const numbers = [...order, ...order].map(([name, fn]) => executor.run(name, fn))
      expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    }
  })

  test('may be one of many that are loaded at once', () => {
    const executor = create()
    const futures = [
      executor.submit('./uses-all.ts', 'viaAll'),
      executor.submit('./enum.ts', 'red'),
      executor.submit('./imports-enum.ts', 'red'),
      executor.submit('./imports-type.ts', 'areaOf', [{ width: 2, height: 3 }]),
      executor.submit('./plain.ts', 'double', [4]),
      executor.submit('./explicit.mts', 'base', ['/a/b']),
    ]
    expect(gather(futures)).toEqual([1, 7, 7, 6, 8, 'b'])
  })

  test('does its work again in a worker that replaces a dead one', () => {
    const executor = create()
    expect(executor.run('./enum.ts', 'red')).toBe(7)
    expect(executor.submit('node:process', 'exit', [3]).error().exitCode).toBe(3)
    expect(executor.run('./enum.ts', 'red')).toBe(7)
  })
})

describe('the name of a task module of TypeScript', () => {
  test.each([
    ['./plain.ts', 'double', 2],
    ['./plain.js', 'double', 2],
    ['./plain', 'double', 2],
    ['./view.jsx', 'view', '<b>1</b>'],
    ['./explicit.mjs', 'base', '1'],
    ['./explicit.cjs', 'base', '1'],
    ['./folder', 'where', 'index.ts of the folder'],
    ['./folder/', 'where', 'index.ts of the folder'],
  ])('may be %s, with and without roots', (name, fn, expected) => {
    const args = name.includes('plain') ? [1] : ['1']
    expect(modules().run(name, fn, args)).toBe(expected)
    expect(modules({ roots: [fixtures] }).run(name, fn, args)).toBe(expected)
    expect(thrownBy(() => modules({ roots: [folder()] }).run(name, fn, args)).message).toContain('roots')
  })

  test('stands for JavaScript first, where there are both', () => {
    const home = folder()
    for (const name of ['both.js', 'both.ts'])
      writeFileSync(join(home, name), `exports.which = () => '${name}'`)
    const executor = createExecutor({ size: 1, base: home })
    for (const name of ['./both', './both.js']) expect(executor.run(name, 'which')).toBe('both.js')
  })

  test.each([
    ['./nothing.ts', 'ERR_MODULE_NOT_FOUND'],
    ['./nothing.js', 'ERR_MODULE_NOT_FOUND'],
    ['./nothing.cjs', 'MODULE_NOT_FOUND'],
    ['./nothing', 'ERR_MODULE_NOT_FOUND'],
  ])('%s: not there', (name, code) => {
    expect(thrownBy(() => modules().run(name, 'fn'))).toMatchObject({ code })
  })
})

describe('TypeScript may also be', () => {
  test('CommonJS imported by an ES module', () => {
    expect(modules().run('./imports-commonjs.ts', 'quadruple', [2])).toBe(8)
  })

  test('an initializer', () => {
    const executor = modules({ initializer: { module: './state.ts', fn: 'next' } })
    expect(executor.run('./state.ts', 'next')).toBe(2)
  })

  test('imported by a function that is submitted itself, from a file of TypeScript', () => {
    const executor = modules({ base: join(fixtures, 'module', 'main.ts') })
    const load = new Function("return import('./plain.ts').then(({ double }) => double(4))")
    expect(executor.run(load)).toBe(8)
  })

  test('wrong: then only its own tasks fail', () => {
    const home = folder()
    file('wrong.mts', 'export const fn = (x: number => x', home)
    file('throws.mts', "const message: string = 'at import'; throw new Error(message)", home)
    file('late.mts', "import './not-there.mts'\nexport const fn = (): number => 5", home)
    file('good.mts', 'export const fn = (): number => 5', home)
    const executor = createExecutor({ size: 1, queueSize: 5, base: home })
    expect(executor.submit('./wrong.mts', 'fn').error()).toBeInstanceOf(Error)
    expect(executor.submit('./throws.mts', 'fn').error().message).toBe('at import')
    expect(executor.submit('./late.mts', 'fn').error().code).toBe('ERR_MODULE_NOT_FOUND')
    expect(executor.run('./good.mts', 'fn')).toBe(5)
    expect(executor.stats().restarts).toBe(0)
  })
})
