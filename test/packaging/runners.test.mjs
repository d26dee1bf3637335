import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { root } from '../paths.mjs'
import { answers, install, pack, program, project, run } from './packed.mjs'

const body = `
const executor = new AsyncPoolExecutor({ size: 2 })
afterAll(() => executor.shutdown())
test('runs a task', () => {
  expect(executor.run('./tasks.cjs', 'double', [2])).toBe(4)
})
test('runs a task in a CPU thread', () => {
  expect(executor.run('./tasks.cjs', 'double', [4], { offload: true })).toBe(8)
})
test('throws errors that are of its own classes', () => {
  expect(() => executor.run('./tasks.cjs', 'nothing')).toThrow(TaskNotFoundError)
})
`
const app = project('app', {
  ...program,
  'executor.test.cjs': `const { AsyncPoolExecutor, TaskNotFoundError } = require('async-pool-executor')${body}`,
  'executor.test.mjs': `import { AsyncPoolExecutor, TaskNotFoundError } from 'async-pool-executor'${body}`,
  'jest.config.cjs': "module.exports = { testMatch: ['**/*.test.cjs'] }",
  'vitest.config.mjs': "export default { test: { globals: true, include: ['*.test.mjs'] } }",
  'tasks.ts': 'export async function double(value: number): Promise<number> { return value * 2 }\n',
  'use.ts': `import { AsyncPoolExecutor, type Future } from 'async-pool-executor'
const future: Future<number> = new AsyncPoolExecutor().submit('./tasks.ts', 'double', [21])
console.log(future.result())
`,
})
beforeAll(() => {
  install(app, pack().path)
  symlinkSync(installed('tsx'), join(app, 'node_modules/tsx'), 'dir')
})

const installed = name => join(root, 'node_modules', name)

describe('from the tarball, it works under', () => {
  test('Jest, in a CommonJS test file', async () => {
    const { stderr } = await run(process.execPath, [installed('jest/bin/jest.js'), '--ci'], { cwd: app })
    expect(stderr).toMatch(/^Tests:\s+3 passed, 3 total$/m)
  })

  test('vitest', async () => {
    const { stdout } = await run(process.execPath, [installed('vitest/vitest.mjs'), 'run', '--no-color'], {
      cwd: app,
      env: { NO_COLOR: '1', VITEST: undefined },
    })
    expect(stdout).toMatch(/Tests\s+3 passed \(3\)/)
  })

  test('tsx, with task modules in TypeScript', async () => {
    for (const [script, written] of [
      ['use.ts', '42\n'],
      ['use.mjs', answers],
    ]) {
      const { stdout } = await run(process.execPath, ['node_modules/tsx/dist/cli.mjs', script], { cwd: app })
      expect(stdout).toBe(written)
    }
  })
})
