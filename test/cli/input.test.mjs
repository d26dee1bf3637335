import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { cli, lines, runTask } from './support/command.mjs'

const values = ({ records }) => records.map(({ value }) => value)

describe('lines', () => {
  test('are strings, the last one with or without an end', async () => {
    for (const input of ['a\nb', 'a\nb\n'])
      expect(await runTask('upper', [], { input })).toMatchObject({
        code: 0,
        records: [
          { index: 0, ok: true, value: 'A' },
          { index: 1, ok: true, value: 'B' },
        ],
      })
  })

  test('may be empty, end in CR LF, begin with a byte order mark and have any characters', async () => {
    const result = await runTask('echo', [], { input: '\uFEFFä€😀\r\n\r\n  x \t\n\0\n' })
    expect(values(result)).toEqual(['ä€😀', '', '  x \t', '\0'])
  })

  test('longer than a read are kept whole, characters that a read splits included', async () => {
    const line = '€'.repeat(100_000)
    expect(values(await runTask('echo', [], { input: `${line}\n${line}` }))).toEqual([line, line])
  })

  test('that are too long to be kept are failures, and the next ones are not', async () => {
    const input = Buffer.concat([Buffer.alloc(2 ** 26 + 10, 'x'), Buffer.from('\nshort\n')])
    const { records, code } = await runTask('size', [], { input })
    expect(records).toMatchObject([
      { index: 0, ok: false, error: { name: 'RangeError', code: 'ERR_INVALID_ROW' } },
      { index: 1, ok: true, value: 5 },
    ])
    expect(code).toBe(1)
  })

  test.each([['lines'], ['ndjson'], ['csv']])('are none where there is no input (%s)', async format => {
    for (const input of ['', '\uFEFF'])
      expect(await runTask('echo', ['-f', format], { input })).toMatchObject({ code: 0, stdout: '' })
  })
})

describe('ndjson', () => {
  test('gives any JSON value, and leaves blank lines out', async () => {
    const input = '{"a":[1,null]}\n\n"text"\n  \n-1.5e3\ntrue\nnull\n[1,2]'
    const result = await runTask('echo', ['--format', 'ndjson'], { input })
    expect(values(result)).toEqual([{ a: [1, null] }, 'text', -1500, true, null, [1, 2]])
    expect(result.records.map(({ index }) => index)).toEqual([0, 1, 2, 3, 4, 5])
  })

  test('lines that are no JSON are failures of their rows and of nothing else', async () => {
    const { records, code } = await runTask('echo', ['-f', 'ndjson'], { input: '1\n{oops\n3\n' })
    expect(records).toMatchObject([
      { index: 0, ok: true, value: 1 },
      { index: 1, ok: false, error: { name: 'SyntaxError', code: 'ERR_INVALID_ROW' } },
      { index: 2, ok: true, value: 3 },
    ])
    expect(records[1].error.message).toMatch(/^row 1 of the input \(line 2\) is not JSON: /)
    expect(records[1].error.stack).toContain('SyntaxError: row 1 of the input')
    expect(code).toBe(1)
  })

  test('rows that are nested too deep for a call are failures of their own, and not tried again', async () => {
    const deep = '['.repeat(100_000) + ']'.repeat(100_000)
    const args = ['-f', 'ndjson', '--retries', '3', '--retry-delay', '1h']
    const report = join(folder(), 'report.html')
    const { records, code } = await runTask('echo', [...args, '-r', report], { input: `1\n${deep}\n3\n` })
    expect(records.map(({ ok }) => ok)).toEqual([true, false, true])
    expect(code).toBe(1)
  })

  test('keys like __proto__ are data', async () => {
    const { stdout } = await runTask('echo', ['-f', 'ndjson'], { input: '{"__proto__":{"a":1}}\n' })
    expect(stdout).toBe('{"index":0,"ok":true,"value":{"__proto__":{"a":1}}}\n')
  })
})

describe('--spread', () => {
  test('passes the items of JSON arrays as arguments', async () => {
    for (const args of [['--spread'], ['--spread', '--format', 'ndjson']])
      expect(values(await runTask('add', args, { input: '[1,2]\n[]\n[1,2,3,4]\n' }))).toEqual([3, 0, 10])
  })

  test('a row that is no array is a failure', async () => {
    const { records } = await runTask('add', ['--spread'], { input: '{"0":1}\n[1]\n' })
    expect(records).toMatchObject([
      { ok: false, error: { name: 'TypeError', code: 'ERR_INVALID_ROW' } },
      { ok: true, value: 1 },
    ])
  })

  test.each(['lines', 'csv'])('contradicts --format %s', async format => {
    const { code, stderr } = await runTask('add', ['--spread', '--format', format])
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `async-pool: --spread takes rows that are JSON arrays: leave out --format ${format}\n`,
    })
  })
})

describe('csv', () => {
  const csv = input => runTask('echo', ['--format', 'csv'], { input })

  test('gives an object a record, with the columns of the header', async () => {
    const result = await csv('\uFEFFid,"full ""name"""\r\n1,"Doe, ""J"""\r\n\r\n2,"two\nlines"\r\n')
    expect(values(result)).toEqual([
      { id: '1', 'full "name"': 'Doe, "J"' },
      { id: '2', 'full "name"': 'two\nlines' },
    ])
  })

  test('a record with too few or too many fields is a failure', async () => {
    const { records, code } = await csv('a,b\n1\n1,2\n1,2,3\n')
    expect(records).toMatchObject([
      { index: 0, ok: false, error: { message: 'row 0 of the input has 1 field, and the header 2' } },
      { index: 1, ok: true, value: { a: '1', b: '2' } },
      { index: 2, ok: false, error: { name: 'RangeError', code: 'ERR_INVALID_ROW' } },
    ])
    expect(records).toMatchObject([
      {},
      {},
      { error: { message: 'row 2 of the input has 3 fields, and the header 2' } },
    ])
    expect(code).toBe(1)
  })

  test('a quote in the wrong place is a character', async () => {
    expect(values(await csv('a,b\n5" pipe,1\n"x"y,2\n3,4\n'))).toEqual([
      { a: '5" pipe', b: '1' },
      { a: '"x"y', b: '2' },
      { a: '3', b: '4' },
    ])
  })

  test('a quote that nothing closes is a failure', async () => {
    const { records } = await csv('a,b\n1,2\n"3,4\n')
    expect(records).toMatchObject([{ ok: true }, { ok: false, error: { code: 'ERR_INVALID_ROW' } }])
  })

  test('lines may end in any way, also each in another, and those that are empty are left out', async () => {
    for (const input of ['a,b\n1,2\r\n3,4\r\n', 'a,b\r\n1,2\n3,4\n', 'a,b\r1,2\r\r\n\n3,4'])
      expect(values(await csv(input))).toEqual([
        { a: '1', b: '2' },
        { a: '3', b: '4' },
      ])
  })

  test.each([
    ['ends', 70_000_000],
    ['ends just behind the limit', 2 ** 26 + 1],
  ])('a record that is too long and %s is one failure, and the next ones are none', async (_how, length) => {
    const long = Buffer.alloc(length, 'x')
    const { records, code } = await csv(
      Buffer.concat([Buffer.from('a\nfirst\n'), long, Buffer.from('\nb\nc\n')]),
    )
    expect(records).toMatchObject([
      { index: 0, ok: true, value: { a: 'first' } },
      { index: 1, ok: false, error: { name: 'RangeError', code: 'ERR_INVALID_ROW' } },
      { index: 2, ok: true, value: { a: 'b' } },
      { index: 3, ok: true, value: { a: 'c' } },
    ])
    expect(code).toBe(1)
  })

  test('empty lines are no record, however many there are', async () => {
    const lines = Buffer.alloc(70_000_000, '\n')
    expect(values(await csv(Buffer.concat([Buffer.from('a\n'), lines, Buffer.from('1\n')])))).toEqual([
      { a: '1' },
    ])
  })

  test('a header that is too long ends the run', async () => {
    const { code, stderr } = await csv(Buffer.alloc(70_000_000, 'x'))
    // Before that, on a slow machine, it may say how far it is.
    expect(stderr).toMatch(
      /^(async-pool: 0 done, .*\n)*async-pool: the header of the CSV input is too long\n$/,
    )
    expect(code).toBe(2)
  })

  test('a header that names a column twice ends the run before it begins', async () => {
    const { code, stdout, stderr } = await csv('a,b,a\n1,2,3\n')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain("names 'a' twice")
  })

  test.each([
    ['lines', ''],
    ['csv', 'a\n'],
  ])('a row that is too long is so by its bytes (%s)', async (format, header) => {
    const input = `${header}${'€'.repeat(30_000_000)}\nshort\n`
    const { records } = await runTask('size', ['-f', format], { input })
    expect(records).toMatchObject([
      { error: { message: `row 0 of the input${header ? '' : ' (line 1)'} is longer than 67108864 bytes` } },
      { ok: true },
    ])
  })

  test('columns like __proto__ are data', async () => {
    expect((await csv('__proto__,b\n1,2\n')).stdout).toContain('"value":{"__proto__":"1","b":"2"}')
  })
})

describe('--input', () => {
  test('reads a file instead of stdin', async () => {
    const path = join(folder(), 'rows.txt')
    writeFileSync(path, lines(3))
    expect(values(await runTask('echo', ['--input', path], { input: 'not this\n' }))).toEqual(['1', '2', '3'])
  })

  test('is refused if there is no such file, or it is a folder', async () => {
    for (const path of ['/no/such/file', folder()]) {
      const { code, stderr } = await runTask('echo', ['-i', path])
      expect(code).toBe(2)
      expect(stderr).toMatch(/^async-pool: cannot read --input: .*\n$/)
    }
    const command = ['bash', '-c', '"$@" < /', 'bash', process.execPath, cli]
    expect(await runTask('echo', [], { command })).toMatchObject({
      code: 2,
      stderr: 'async-pool: cannot read stdin: it is a folder\n',
    })
  })
})
