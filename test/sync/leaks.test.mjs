import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { node } from '../child.mjs'

const program = fileURLToPath(new URL('support/leak-child.mjs', import.meta.url))

const ways = [
  'blocking, timed out',
  'awaiting, timed out',
  'awaiting with one signal, timed out',
  'awaiting, aborted',
  'awaiting, acquired',
  'awaiting a lock of its own, timed out',
]

test.concurrent.each(ways)('100,000 waits leave nothing behind: %s', async way => {
  const { code, lines, stderr } = await node([program, way], { flags: ['--expose-gc'], deadline: 50_000 })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  const { heapPerWait, rss } = JSON.parse(lines.at(-1))
  console.log(way, { heapPerWait, rss })
  expect(heapPerWait).toBeLessThan(10)
  // A waitAsync that leaks takes a kilobyte that only the process knows of. Shared memory that is garbage comes and
  // goes in larger steps.
  if (!way.includes('of its own')) expect(rss).toBeLessThan(64)
})
