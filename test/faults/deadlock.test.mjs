import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { parseLines, runChild } from './support/run-child.mjs'

const program = fileURLToPath(new URL('support/deadlock-child.mjs', import.meta.url))

test('a task that waits for its own executor is refused; it may wait for another one', async () => {
  const { code, stdout, stderr, timedOut } = await runChild([program])
  expect({ code, stderr, timedOut }).toEqual({ code: 0, stderr: '', timedOut: false })
  const refused = {
    code: 'ERR_DEADLOCK',
    message: expect.stringMatching(/executor 'self' was used inside its own worker/),
  }
  expect(parseLines(stdout).records[0]).toEqual({
    run: refused,
    submit: refused,
    trySubmit: refused,
    map: refused,
    nested: refused,
    join: refused,
    joinAsync: refused,
    shutdown: refused,
    shutdownAsync: refused,
    dispose: 'plain',
    other: 'plain',
    madeHere: 'plain',
    madeThere: 'plain',
    afterwards: 'plain',
    restarts: 0,
  })
  const closings = stdout.split('\n').slice(1, -1)
  expect(closings).toEqual(Array.from({ length: 5 }, () => 'closed')) // by exit hooks of main and four workers
})
