import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

const root = fileURLToPath(new URL('..', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = blocksOf(readme)

/** Code blocks that are marked with the name of the file they are, and whether that is run. */
function blocksOf(page) {
  return [...page.matchAll(/<!-- (file|run): (\S+) -->\n+```js\n([\s\S]*?)```/g)].map(
    ([, kind, name, code]) => ({ kind, name, code }),
  )
}

const doubles = `${Array.from({ length: 30 }, (_, index) => (index + 1) * 2).join('\n')}\n`
const expectedOutput = {
  'demo.cjs': doubles,
  'demo.mjs': doubles,
  'builtin.mjs': 'true\n',
  'death.cjs': 'true 3\nstill/alive\n',
}

function unpack(blocks) {
  mkdirSync(join(root, 'test/tmp'), { recursive: true })
  const folder = mkdtempSync(join(root, 'test/tmp/readme-'))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/async-pool-executor'), 'dir')
  for (const { name, code } of blocks) writeFileSync(join(folder, name), code)
  return folder
}

function run(name, folder) {
  return promisify(execFile)(process.execPath, [name], { cwd: folder, timeout: 50_000 })
}

/** What the page says that a block prints: in a text block, marked with the same name. */
function outputOf(page, name) {
  return page.match(new RegExp(`<!-- output: ${name} -->\n+\`\`\`text\n([\\s\\S]*?)\`\`\``))?.[1]
}

describe('the README', () => {
  const folder = unpack(blocks)

  test('has every JavaScript block run or used by one that is run', () => {
    expect(blocks).toHaveLength(readme.match(/```js\n/g).length)
    expect(blocks.filter(({ kind }) => kind === 'run').map(({ name }) => name)).toEqual(
      expect.arrayContaining(Object.keys(expectedOutput)),
    )
  })

  test.concurrent.each(Object.entries(expectedOutput))('says what %s does', async (name, expected) => {
    expect(await run(name, folder)).toEqual({ stdout: expected, stderr: '' })
  })

  test('names every option', async () => {
    const source = readFileSync(join(root, 'src/bridge/option-checks.ts'), 'utf8')
    for (const table of ['executorChecks', 'taskChecks']) {
      const [, body] = source.match(new RegExp(`const ${table}[^{]*\\{\\n([\\s\\S]*?)\\n\\}`))
      for (const [, option] of body.matchAll(/^ {2}(\w+):/gm)) expect(readme).toContain(`\`${option}\``)
    }
  })
})

const guides = readdirSync(join(root, 'docs')).filter(name => name.endsWith('.md'))

describe.each(guides)('docs/%s', guide => {
  const page = readFileSync(join(root, 'docs', guide), 'utf8')
  const blocks = blocksOf(page)
  const folder = unpack(blocks)

  test('has every JavaScript block run or used by one that is run', () => {
    expect(blocks).toHaveLength(page.match(/```js\n/g)?.length ?? 0)
  })

  const programs = blocks.filter(({ kind }) => kind === 'run').map(({ name }) => name)
  test.concurrent.each(programs)('says what %s does', async name => {
    expect(await run(name, folder)).toEqual({ stdout: outputOf(page, name), stderr: '' })
  })
})
