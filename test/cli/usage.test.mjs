import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { root } from '../paths.mjs'
import { cli, lines, run, runTask, tasks } from './support/command.mjs'

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

describe('help', () => {
  test.each([
    [['--help'], 24],
    [['run', '--help'], 36],
  ])('%j fits a screen and has examples', async (args, height) => {
    const { stdout, stderr, code } = await run(args)
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    const shown = stdout.trimEnd().split('\n')
    expect(shown.length).toBeLessThanOrEqual(height)
    expect(Math.max(...shown.map(line => line.length))).toBeLessThanOrEqual(80)
    expect(stdout).toMatch(/Examples:\n.*async-pool run /)
  })

  test('names every option of the guide, and the guide every option', async () => {
    const options = text => new Set(text.match(/(?<!-)--[a-z][a-z-]+/g))
    const { stdout } = await run(['run', '--help'])
    const guide = readFileSync(join(root, 'docs/command-line.md'), 'utf8')
    const [, table] = guide.match(/## Options\n([\s\S]*?)\n## /)
    expect([...options(table)].sort()).toEqual(
      [...options(stdout)].filter(option => option !== '--help').sort(),
    )
  })

  test('says the version', async () => {
    expect(await run(['--version'])).toMatchObject({ stdout: `${version}\n`, code: 0 })
  })
})

describe('what cannot be understood', () => {
  test.each([
    [[], 'Usage: async-pool'],
    [['walk'], "unknown command 'walk'"],
    [['run'], "missing required argument 'module'"],
    [['run', tasks], "missing required argument 'function'"],
    [['run', tasks, 'echo', 'more'], 'too many arguments'],
    [['run', '', 'echo'], "'' cannot be the name of a module"],
    [['run', 'https://example.com/tasks.mjs', 'echo'], 'cannot be the name of a module'],
    [['run', tasks, ''], 'the name of the function is empty'],
    [['run', tasks, 'echo', '--sizes', '3'], "unknown option '--sizes'"],
    [['run', tasks, 'echo', '--size'], 'argument missing'],
    [['run', tasks, 'echo', '--size', '0'], 'Expected an integer from 1'],
    [['run', tasks, 'echo', '--size', '1.5'], 'Expected an integer from 1'],
    [['run', tasks, 'echo', '--queue-size', '-1'], 'Expected an integer from 0'],
    [['run', tasks, 'echo', '--retries', 'many'], 'Expected an integer from 0'],
    [['run', tasks, 'echo', '--timeout', '5 s'], 'Expected ms, or a duration'],
    [['run', tasks, 'echo', '--timeout', '0'], 'Expected more than 0'],
    [['run', tasks, 'echo', '--retry-delay', '-5'], 'Expected ms, or a duration'],
    [['run', tasks, 'echo', '--rate', '10'], 'Expected a rate such as 10/s'],
    [['run', tasks, 'echo', '--rate', '0/s'], 'Expected a rate such as 10/s'],
    [['run', tasks, 'echo', '--format', 'xml'], 'Allowed choices are lines, ndjson, csv'],
    [['run', tasks, 'echo', '--input', ''], 'Expected a file'],
    [['run', tasks, 'echo', '--output', ''], 'Expected a file'],
    [['run', tasks, 'echo', '--errors', ''], 'Expected a file'],
    [['run', tasks, 'echo', '--checkpoint', ''], 'Expected a file'],
    [['run', tasks, 'echo', '--report', ''], 'Expected a file'],
    [['run', tasks, 'echo', '--errors', '-'], './- is a file'],
  ])('%j ends with status 2 and says why', async (args, message) => {
    const { code, stdout, stderr } = await run(args, { input: lines(3) })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
  })
})

describe('what is loaded', () => {
  const hook = fileURLToPath(new URL('fixtures/loaded.cjs', import.meta.url))
  const command = [process.execPath, '-r', hook, cli]
  const loaded = ({ stderr }) => stderr.match(/loaded: (.*)/)[1].split(' ')

  test('for help is what prints it', async () => {
    expect(loaded(await run(['run', '--help'], { command }))).toEqual(['cli.js', 'commander'])
  })

  test('for a run is what this run needs', async () => {
    const plain = loaded(await runTask('echo', [], { input: lines(2), command }))
    expect(plain).toContain('index.js')
    for (const name of ['csv-parse', 'cli-csv.js', 'cli-progress', 'cli-bar.js', 'cli-report.js'])
      expect(plain).not.toContain(name)
    const csv = loaded(await runTask('echo', ['-f', 'csv'], { input: 'a\n1\n', command }))
    expect(csv).toContain('cli-csv.js')
    const report = await runTask('echo', ['-r', join(folder(), 'report.html')], { input: '1', command })
    expect(loaded(report)).toContain('cli-report.js')
  })

  test('by users of the library is nothing of the command', async () => {
    const result = await run([], {
      command: [process.execPath, '-r', hook, '-e', "require('async-pool-executor')"],
    })
    expect(loaded(result)).toContain('index.js')
    expect(loaded(result).filter(name => /^(cli|report)|commander|csv-parse/.test(name))).toEqual([])
  })
})
