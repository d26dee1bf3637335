import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { file, folder, node } from '../child.mjs'
import { root } from '../paths.mjs'
import { blocksOf, commandsOf, documents, isUnmarked, outputsOf } from './blocks.mjs'
import { expected } from './expected.mjs'

const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')
const tsc = join(root, 'node_modules/typescript/bin/tsc')

/** A project in which the package is installed, and the blocks of one document are files. */
function createProject(blocks) {
  const home = folder()
  mkdirSync(join(home, 'node_modules/.bin'), { recursive: true })
  symlinkSync(root, join(home, 'node_modules/async-pool-executor'), 'dir')
  symlinkSync('../async-pool-executor/dist/cli.js', join(home, 'node_modules/.bin/async-pool'))
  symlinkSync(join(root, 'node_modules/@types'), join(home, 'node_modules/@types'), 'dir')
  file('package.json', '{ "type": "module" }', home)
  for (const { kind, name, code } of blocks)
    if (kind === 'file' || (kind === 'run' && name !== undefined)) {
      mkdirSync(dirname(join(home, name)), { recursive: true })
      file(name, code, home)
    }
  return home
}

describe.each(documents)('%s', document => {
  const blocks = blocksOf(document)
  const files = blocks.filter(({ kind, name }) => kind === 'run' && name !== undefined)
  const commands = commandsOf(blocks)
  const outputs = { ...expected[document], ...outputsOf(blocks) }
  const home = createProject(blocks)

  test('says of every block of code what is done with it', () => {
    expect(blocks.filter(isUnmarked)).toEqual([])
    expect(files.map(({ name }) => name).sort()).toEqual(Object.keys(outputs).sort())
    expect(commands.filter(({ printed }) => printed !== undefined)).toHaveLength(
      blocks.filter(({ kind }) => kind.startsWith('prints')).length,
    )
  })

  test('links to files and headings that there are', () => {
    expect(brokenLinks(document)).toEqual([])
  })

  if (files.length > 0)
    test.concurrent.each(Object.entries(outputs))('says what %s does', async (name, lines) => {
      const args = /\.m?ts$/.test(name) ? [tsx, name] : [name]
      expect(await node(args, { cwd: home, deadline: 55_000 })).toMatchObject({ lines, code: 0, stderr: '' })
    })

  if (commands.length > 0)
    test.each(commands)('says what this does: $command', ({ command, status, printed }) => {
      const result = spawnSync('bash', ['-e', '-c', command], {
        cwd: home,
        encoding: 'utf8',
        timeout: 55_000,
      })
      expect(result, result.stderr).toMatchObject({ status })
      if (printed === undefined) return
      expect(result.stdout.replace(/"stack":"[^"]*"/g, '"stack":"…"')).toBe(printed)
      expect(result.stderr.replace(/^npm warn .*\n/gm, '')).toBe('')
    })

  if (blocks.some(({ language, name }) => language === 'ts' && /\.ts$/.test(name)))
    test('has TypeScript that compiles', async () => {
      const compilerOptions = {
        strict: true,
        noEmit: true,
        module: 'nodenext',
        target: 'es2022',
        types: ['node'],
        lib: ['es2024', 'esnext.disposable'],
      }
      file('tsconfig.json', JSON.stringify({ compilerOptions, include: ['*.ts'] }), home)
      expect(await node([tsc, '-p', home], { cwd: home, deadline: 55_000 })).toMatchObject({
        stdout: '',
        code: 0,
      })
    })
})

/** Links to files of this repository, and to headings in them, that lead nowhere. */
function brokenLinks(document) {
  const links = [...textOf(document).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
  return links
    .map(([link, path, anchor]) => ({
      link,
      path: path === '' ? document : join(dirname(document), path),
      anchor,
    }))
    .filter(({ path, anchor }) => {
      const text = textOf(path)
      return text === undefined || (anchor !== undefined && !anchorsOf(text).includes(anchor))
    })
    .map(({ link }) => link)
}

function textOf(path) {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch (error) {
    if (error.code === 'EISDIR') return ''
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** As GitHub makes them of headings: a further one of the same name has a number. */
function anchorsOf(text) {
  const numbers = new Map()
  return [...text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading]) => {
    const anchor = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/ /g, '-')
    const number = numbers.get(anchor) ?? 0
    numbers.set(anchor, number + 1)
    return number === 0 ? anchor : `${anchor}-${number}`
  })
}

const reference = readdirSync(join(root, 'docs/api')).map(name => `docs/api/${name}`)

test.each(reference)('%s links to files and headings that there are', document => {
  expect(brokenLinks(document)).toEqual([])
})

describe('README.md', () => {
  test('names every option', () => {
    const source = readFileSync(join(root, 'src/bridge/option-checks.ts'), 'utf8')
    for (const table of ['executorChecks', 'taskChecks', 'mapChecks', 'streamChecks']) {
      const [, body] = source.match(new RegExp(`const ${table}[^{]*\\{\\n([\\s\\S]*?)\\n\\}`))
      for (const [, option] of body.matchAll(/^ {2}(\w+):/gm))
        expect(textOf('README.md')).toContain(`\`${option}\``)
    }
  })

  test('names every error', () => {
    const source = readFileSync(join(root, 'src/channel/errors.ts'), 'utf8')
    for (const [, name, code] of source.matchAll(/class (\w+) extends ExecutorError \{\n.*code = '(\w+)'/g))
      expect(textOf('README.md')).toMatch(new RegExp(`\`${name}\` +\\| ${code} `))
  })
})
