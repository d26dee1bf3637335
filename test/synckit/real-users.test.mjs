import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createFiles, createProjects, users } from '../../bench/real-users/projects.mjs'
import { node } from '../child.mjs'

describe('packages that use synckit', () => {
  const home = mkdtempSync(join(tmpdir(), 'async-pool-executor-users-'))
  afterAll(() => rmSync(home, { recursive: true, force: true }), 120_000) // it holds some hundred packages

  let projects
  let files
  beforeAll(() => {
    projects = createProjects(home)
    files = createFiles(home)
  }, 450_000)

  async function lint(project, user) {
    const { stdout, stderr, code } = await node([users[user], ...files[user]], {
      cwd: projects[project],
      deadline: 100_000,
    })
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 })
    return JSON.parse(stdout).messages
  }

  test('get this package by an override of npm', async () => {
    const body = `const ours = await import('async-pool-executor/synckit')
      const { createRequire } = await import('node:module')
      for (const user of ['eslint-plugin-prettier', 'eslint-mdx', 'eslint-plugin-mdx']) {
        const require = createRequire(import.meta.resolve(user))
        console.log(require('synckit').createSyncFn === ours.createSyncFn)
      }`
    const { lines } = await node(['--input-type=module', '--eval', body], {
      cwd: projects['async-pool-executor/synckit'],
    })
    expect(lines).toEqual(['true', 'true', 'true'])
  })

  test.each(Object.keys(users))(
    '%s gives the same messages with it',
    async user => {
      const theirs = await lint('synckit', user)
      expect(theirs.flatMap(({ messages }) => messages).length).toBeGreaterThan(files[user].length / 2)
      expect(await lint('async-pool-executor/synckit', user)).toEqual(theirs)
    },
    240_000,
  )
})
