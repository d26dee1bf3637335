import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../paths.mjs'
import { run } from './support/command.mjs'

let home

beforeAll(() => {
  // Outside the project, so that nothing is found that the package does not bring along.
  home = mkdtempSync(join(tmpdir(), 'async-pool-command-'))
  const npm = (args, cwd) =>
    execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  const [packed] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', `--pack-destination=${home}`], root))
  writeFileSync(join(home, 'package.json'), '{ "private": true }')
  npm(['install', '--prefer-offline', '--no-audit', '--no-fund', join(home, packed.filename)], home)
  writeFileSync(join(home, 'tasks.mjs'), 'export const twice = async ({ word }) => word + word')
}, 120_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

test.each(['async-pool', 'async-pool-executor'])('npx %s runs the packed command', async name => {
  const result = await run(
    ['--no', name, 'run', 'tasks.mjs', 'twice', '-f', 'csv', '-r', 'report.html', '-c', 'checkpoint'],
    { command: ['npx'], cwd: home, input: 'word\nab\n' },
  )
  expect(result).toMatchObject({ code: 0, records: [{ index: 0, ok: true, value: 'abab' }] })
  expect(readFileSync(join(home, 'report.html'), 'utf8')).toContain('All good')
  rmSync(join(home, 'checkpoint'))
})
