import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')

/** Code blocks that are marked with the name of the file they are, and whether that is run. */
const blocks = [...readme.matchAll(/<!-- (file|run): (\S+) -->\n```js\n([\s\S]*?)```/g)].map(
  ([, kind, name, code]) => ({ kind, name, code }),
)

const doubles = `${Array.from({ length: 30 }, (_, index) => (index + 1) * 2).join('\n')}\n`
const expectedOutput = {
  'demo.cjs': doubles,
  'demo.mjs': doubles,
  'builtin.mjs': 'true\n',
  'death.cjs': 'true 3\nstill/alive\n',
}

function unpackBlocks() {
  mkdirSync(join(root, 'test/tmp'), { recursive: true })
  const folder = mkdtempSync(join(root, 'test/tmp/readme-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/async-pool-executor'), 'dir')
  for (const { name, code } of blocks) writeFileSync(join(folder, name), code)
  return folder
}

describe('the README', () => {
  const folder = unpackBlocks()

  test('has every JavaScript block run or used by one that is run', () => {
    expect(blocks).toHaveLength(readme.match(/```js\n/g).length)
    expect(blocks.filter(({ kind }) => kind === 'run').map(({ name }) => name)).toEqual(
      expect.arrayContaining(Object.keys(expectedOutput)),
    )
  })

  test.concurrent.each(Object.entries(expectedOutput))('says what %s does', async (name, expected) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [name], {
      cwd: folder,
      timeout: 50_000,
    })
    expect(stdout).toBe(expected)
    expect(stderr).toBe('')
  })

  test('names every option', async () => {
    const source = readFileSync(join(root, 'src/bridge/option-checks.ts'), 'utf8')
    for (const table of ['executorChecks', 'taskChecks']) {
      const [, body] = source.match(new RegExp(`const ${table}[^{]*\\{\\n([\\s\\S]*?)\\n\\}`))
      for (const [, option] of body.matchAll(/^ {2}(\w+):/gm)) expect(readme).toContain(`\`${option}\``)
    }
  })
})
