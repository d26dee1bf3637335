import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { file, folder, node } from '../child.mjs'
import { root } from '../paths.mjs'

const guide = readFileSync(join(root, 'docs/typescript.md'), 'utf8')
const blocks = [...guide.matchAll(/<!-- (file|run): (\S+) -->\n+```ts\n([\s\S]*?)```/g)].map(
  ([, kind, name, code]) => ({ kind, name, code }),
)
const expected = {
  'typed.ts': ['20', 'https://example.com/a', '1', '2', '1', '2'],
  'typed-calls.ts': ['20', '4'],
}

describe('docs/typescript.md', () => {
  const home = folder()
  mkdirSync(join(home, 'node_modules'))
  symlinkSync(root, join(home, 'node_modules/async-pool-executor'), 'dir')
  symlinkSync(join(root, 'node_modules/@types'), join(home, 'node_modules/@types'), 'dir')
  file('package.json', '{ "type": "module" }', home)
  for (const { name, code } of blocks) file(name, code, home)

  test('has every block of TypeScript run, or used by one that is run', () => {
    expect(blocks).toHaveLength(guide.match(/```ts\n/g).length)
    expect(blocks.filter(({ kind }) => kind === 'run').map(({ name }) => name)).toEqual(Object.keys(expected))
  })

  test.each(Object.entries(expected))('says what %s does', async (name, lines) => {
    const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')
    expect(await node([tsx, name], { cwd: home, deadline: 50_000 })).toMatchObject({
      lines,
      code: 0,
      stderr: '',
    })
  })

  test('has blocks that compile', async () => {
    const compilerOptions = {
      strict: true,
      noEmit: true,
      module: 'nodenext',
      target: 'es2022',
      types: ['node'],
    }
    const lib = ['es2024', 'esnext.disposable']
    file(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { ...compilerOptions, lib }, include: ['*.ts'] }),
      home,
    )
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    expect(await node([tsc, '-p', home], { cwd: home, deadline: 50_000 })).toMatchObject({
      stdout: '',
      code: 0,
    })
  })
})
