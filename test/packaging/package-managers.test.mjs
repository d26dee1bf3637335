import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { answers, home, install, npm, pack, program, project, run } from './packed.mjs'

const managers = project('managers', {})
let tarball

beforeAll(() => {
  tarball = pack().path
  npm(['install', '--no-audit', '--no-fund', 'pnpm@10', '@yarnpkg/cli-dist@4'], managers)
})

function createProject(name, files = {}) {
  const manifest = JSON.stringify({
    name,
    private: true,
    dependencies: { 'async-pool-executor': `file:${tarball}` },
  })
  return project(name, { 'package.json': manifest, ...program, ...files })
}

const manager = name => join(managers, 'node_modules/.bin', name)

async function expectAnswers(folder, command, ...args) {
  for (const script of ['use.cjs', 'use.mjs']) {
    const { stdout, stderr } = await run(command, [...args, script], { cwd: folder })
    expect({ script, stdout, stderr }).toEqual({ script, stdout: answers, stderr: '' })
  }
}

async function expectHelp(command, args, folder) {
  expect((await run(command, args, { cwd: folder })).stdout).toMatch(/^Usage: async-pool /)
}

describe('installed from the tarball by', () => {
  test('npm, it works and so does its command', async () => {
    const folder = createProject('npm')
    install(folder, tarball)
    await expectAnswers(folder, process.execPath)
    accessSync(join(folder, 'node_modules/async-pool-executor/dist/cli.js'), constants.X_OK)
    await expectHelp('npx', ['--no-install', 'async-pool', '--help'], folder)
  })

  test('pnpm, where packages see only what they declare', async () => {
    const folder = createProject('pnpm')
    await run(manager('pnpm'), ['install', `--store-dir=${join(home, 'store')}`], { cwd: folder })
    await expectAnswers(folder, process.execPath)
    await expectHelp(manager('pnpm'), ['exec', 'async-pool', '--help'], folder)
  })

  test.each(['node-modules', 'pnp'])('yarn, with its linker %s', async linker => {
    const settings = `nodeLinker: ${linker}\nenableTelemetry: false\nenableGlobalCache: false\n`
    const folder = createProject(`yarn-${linker}`, { '.yarnrc.yml': settings, 'yarn.lock': '' })
    // Yarn refuses to write a lock file where it believes to be in CI.
    await run(manager('yarn'), ['install', '--no-immutable'], { cwd: folder })
    await expectAnswers(folder, manager('yarn'), 'node')
    await expectHelp(manager('yarn'), ['async-pool', '--help'], folder)
  })
})
