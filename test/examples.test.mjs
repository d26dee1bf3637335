import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { format } from 'prettier'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const { compareWithDisk } = createRequire(import.meta.url)('../examples/crawl/check.cjs')
const root = fileURLToPath(new URL('..', import.meta.url))

/** Starts an example as a user would; it is killed if it has not ended after 50 s. */
function start(script, ...args) {
  return spawn(process.execPath, [`examples/${script}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 50_000,
    killSignal: 'SIGKILL',
  })
}

/** 'close' comes when nobody holds the pipes any more: not the example, and no child that it has left behind. */
async function run(script, ...args) {
  const child = start(script, ...args)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, stdout, stderr }
}

describe.concurrent('quick-start', () => {
  test.each(['quick-start.mjs', 'quick-start.cjs'])('%s runs 30 tasks, three at a time', async script => {
    const { code, stdout, stderr } = await run(script)
    const lines = stdout.trim().split('\n')
    const running = new Set()
    let most = 0
    for (const line of lines.slice(0, -1)) {
      const [, task, event] = /^ *\d+\.\d s {2}task (\d+) (starts|is done)$/.exec(line)
      if (event === 'starts') running.add(task)
      else expect(running.delete(task)).toBe(true)
      most = Math.max(most, running.size)
    }
    expect({ code, stderr, lines: lines.length, most }).toEqual({ code: 0, stderr: '', lines: 61, most: 3 })
    expect(lines.at(-1)).toBe(Array.from({ length: 30 }, (_, index) => (index + 1) ** 2).join(' '))
  })

  test.each(['quick-start.mjs', 'quick-start.cjs'])('%s has five lines', async script => {
    const source = await readFile(join(root, 'examples', script), 'utf8')
    expect(source.split('\n').filter(line => line !== '')).toHaveLength(5)
  })
})

describe.concurrent('crawl', () => {
  let folder
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'crawl-'))
    const files = {
      'README.md': '[a](<docs/a.md#part>) [gone](docs/gone.md) [out](https://example.invalid/x.md)\n',
      'docs/a.md':
        '`[code](code.md)`\n```\n[block](block.md)\n```\n[up][1] <a href="/LICENSE">l</a>\n\n[1]: ../README.md',
      'docs/100% odd & #1.md': 'odd & even\n',
      '@scope/name/types.d.ts': '/** [text](is-no-link.md) */\n',
      'empty/code.js': '',
      '.hidden/secret.md': '',
      LICENSE: 'free',
    }
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), content)
    }
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('gets every document in node_modules, and says so', async () => {
    const { code, stdout, stderr } = await run('crawl.cjs')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [, pages] = /^(\d+) pages, [\d.]+ MB, in [\d.]+ s$/m.exec(stdout)
    const [, documents, folders] =
      /^✓ all (\d+) documents on disk and their (\d+) folders were crawled, byte for byte$/m.exec(stdout)
    expect(Number(pages)).toBe(Number(documents) + Number(folders))
    expect(Number(pages)).toBeGreaterThan(1000)
    expect(stdout).toMatch(/^500 of \d+ known pages$/m)
  })

  test('reports the broken links of a small site, and only those', async () => {
    const { code, stdout, stderr } = await run('crawl.cjs', folder)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('\nbroken links: 1\n  /README.md → /docs/gone.md\n')
    expect(stdout).toContain('✓ all 5 documents on disk and their 4 folders')
  })

  test('finds what a crawl has missed, changed or made up', () => {
    const pages = new Map(['/', '/docs/', '/docs/a.md', '/made-up.md'].map(path => [path, { digest: '' }]))
    expect(compareWithDisk(folder, pages)).toEqual({
      documents: 5,
      problems: [
        '/@scope/ was not crawled',
        '/@scope/name/ was not crawled',
        '/@scope/name/types.d.ts was not crawled',
        '/LICENSE was not crawled',
        '/README.md was not crawled',
        '/docs/100% odd & #1.md was not crawled',
        '/docs/a.md was crawled with other bytes than are on disk',
        '/made-up.md was crawled, but is not on disk',
      ],
    })
  })

  test('leaves no server behind when it is killed', async () => {
    const crawl = start('crawl.cjs')
    const [line] = await once(crawl.stdout.setEncoding('utf8'), 'data')
    const [site] = /http:\/\/127\.0\.0\.1:\d+/.exec(line)
    crawl.kill('SIGKILL')
    await once(crawl, 'close')
    await expect(fetch(site)).rejects.toThrow('fetch failed')
  })
})

test.concurrent('exit-telemetry loses no metric, and no exit code', async () => {
  const { code, stdout, stderr } = await run('exit-telemetry.cjs')
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' })
  const [, recorded] = /after (\d+) metrics/.exec(stdout)
  expect(stdout).toContain(`collector: ${recorded} metrics arrived, ${recorded} different ones\n`)
})

describe.concurrent('sync-plugin', () => {
  test('fixes real files to what Prettier itself makes of them', async () => {
    const files = ['examples/quick-start.mjs', 'examples/crawl.cjs', 'examples/crawl/site.cjs']
    const { code, stdout, stderr } = await run('sync-plugin.cjs', ...files)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const file of files) {
      const source = await readFile(join(root, file), 'utf8')
      const expected = await format(source, { parser: 'babel', semi: false, singleQuote: true })
      expect(expected).not.toBe(source)
      expect(stdout).toContain(`--- ${file}, fixed\n${expected}\n`)
    }
  })

  test('reports where its samples differ, and nothing for one that is tidy', async () => {
    const { code, stdout, stderr } = await run('sync-plugin.cjs')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('greet.js:1:19  Prettier would go on with " = (name) =>')
    expect(stdout).toContain("sum.js:1:50  'unused' is defined but never used.")
    expect(stdout).not.toContain('tidy.js:')
  })
})
