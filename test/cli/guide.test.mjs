import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { root } from '../paths.mjs'

const guide = readFileSync(join(root, 'docs/command-line.md'), 'utf8')
const files = [...guide.matchAll(/<!-- file: (\S+) -->\n\n```js\n([\s\S]*?)```/g)]
const runs = [
  ...guide.matchAll(
    /<!-- run -->\n\n```sh\n([\s\S]*?)```\n\n<!-- prints(?:, status (\d+))? -->\n\n```json\n([\s\S]*?)```/g,
  ),
].map(([, command, status = '0', printed]) => ({ command, status: Number(status), printed }))

/** A project in which the package is installed, and the files of the guide are. */
function createProject() {
  const path = folder()
  mkdirSync(join(path, 'node_modules/.bin'), { recursive: true })
  symlinkSync(root, join(path, 'node_modules/async-pool-executor'), 'dir')
  symlinkSync('../async-pool-executor/dist/cli.js', join(path, 'node_modules/.bin/async-pool'))
  for (const [, name, code] of files) writeFileSync(join(path, name), code)
  return path
}

test('the guide has every module in a file, and every output behind the command that prints it', () => {
  expect(files).toHaveLength(guide.match(/```js\n/g).length)
  expect(runs).toHaveLength(guide.match(/```json\n/g).length)
  expect(runs.length).toBeGreaterThan(2)
})

test.each(runs)('$command', ({ command, status, printed }) => {
  const result = spawnSync('bash', ['-c', command], {
    cwd: createProject(),
    encoding: 'utf8',
    timeout: 50_000,
  })
  expect(result.stdout.replace(/"stack":"[^"]*"/g, '"stack":"…"')).toBe(printed)
  expect(result.stderr.replace(/^npm warn .*\n/gm, '')).toBe('')
  expect(result.status).toBe(status)
})
