import { createWriteStream, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { cli, runTask } from './support/command.mjs'

const peak = fileURLToPath(new URL('fixtures/peak.cjs', import.meta.url))
const few = 100_000
const many = 1_000_000
const inputs = new Map()

beforeAll(async () => {
  const within = folder()
  for (const rows of [few, many]) {
    inputs.set(rows, join(within, `${rows}.txt`))
    const texts = function* () {
      for (let row = 0; row < rows; row += 1000)
        yield `${Array.from({ length: 1000 }, (_, index) => `https://example.com/${row + index}`).join('\n')}\n`
    }
    await pipeline(Readable.from(texts()), createWriteStream(inputs.get(rows)))
  }
})

async function peakOf(rows, args) {
  const { stderr, code } = await runTask('size', ['-i', inputs.get(rows), '-o', '/dev/null', ...args], {
    command: [process.execPath, '-r', peak, cli],
    deadline: 250_000,
  })
  expect(code).toBe(0)
  expect(stderr).toContain(`${rows.toLocaleString('en')} rows done`)
  return Number(stderr.match(/at most (\S+) MB/)[1])
}

describe('a million rows take no more memory than a hundred thousand', () => {
  const within = folder()
  test.each([
    ['as they come', () => []],
    [
      'in order, with a checkpoint and a report',
      rows => [
        ...['--ordered', '-c', join(within, `${rows}.checkpoint`), '-r', join(within, `${rows}.html`)],
      ],
    ],
  ])('%s', { timeout: 600_000 }, async (_what, args) => {
    const [before, after] = [await peakOf(few, args(few)), await peakOf(many, args(many))]
    // A row more in memory, or its result, would cost 90 MB or more.
    expect(after - before).toBeLessThan(50)
  })

  test('and the report grows no more than the memory', () => {
    const sizes = [few, many].map(rows => readFileSync(join(within, `${rows}.html`)).length)
    expect(Math.abs(sizes[1] - sizes[0])).toBeLessThan(100_000)
  })
})
