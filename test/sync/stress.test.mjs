import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { node } from '../child.mjs'

const program = fileURLToPath(new URL('support/stress-child.mjs', import.meta.url))

/** Operations of each of the four threads. */
const scenarios = {
  'a lock excludes': ['lock', 200_000],
  'a semaphore limits': ['semaphore', 200_000],
  'an event loses no set': ['event', 50_000],
  'a condition loses no notification': ['condition', 60_000],
  'a barrier keeps rounds apart': ['barrier', 50_000],
  'a queue gives each item once, in order': ['queue', 200_000],
  'timeouts and aborts lose nothing': ['races', 60_000],
}

test.each(Object.entries(scenarios))(
  '%s, among four threads that block and await',
  async (_name, [scenario, operations]) => {
    const { code, lines, stderr } = await node([program, scenario, operations, 11], { deadline: 110_000 })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const { found, expected, ...rest } = JSON.parse(lines.at(-1))
    console.log(rest)
    expect(found).toEqual(expected)
  },
  120_000,
)
