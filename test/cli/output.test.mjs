import { execFileSync } from 'node:child_process'
import { existsSync, linkSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { cli, createGate, lines, recordsIn, run, runTask, startTask } from './support/command.mjs'

describe('a result', () => {
  test('that succeeds says its row and value', async () => {
    const { stdout, code } = await runTask('echo', [], { input: 'a\n' })
    expect({ stdout, code }).toEqual({ stdout: '{"index":0,"ok":true,"value":"a"}\n', code: 0 })
  })

  test('that fails says name, message, code, stack and cause, and the status is 1', async () => {
    const { records, code } = await runTask('fail', [], { input: 'luck\n' })
    const [{ error, ...rest }] = records
    expect(rest).toEqual({ index: 0, ok: false })
    expect(Object.keys(error)).toEqual(['name', 'message', 'code', 'stack', 'cause'])
    expect(error).toMatchObject({ name: 'RangeError', message: 'no luck', code: 'E_NONE' })
    expect(error.stack).toMatch(/^RangeError: no luck\n {4}at .*tasks\.mjs/)
    expect(error.stack).not.toContain('submitted by')
    expect(error.cause).toMatchObject({ name: 'Error', message: 'the reason' })
    expect(code).toBe(1)
  })

  test('that fails with several errors says each of them', async () => {
    const cwd = folder()
    const code = `
      export const any = () => Promise.any([Promise.reject(new RangeError('one')), Promise.reject('two')])
      export function around() {
        const error = new AggregateError([], 'around')
        error.errors = Array(20).fill(error)
        throw error
      }`
    writeFileSync(join(cwd, 'several.mjs'), code)
    const errorOf = async fn => {
      const { records } = await run(['run', './several.mjs', fn], { cwd, input: 'a\n' })
      return records[0].error
    }
    expect(await errorOf('any')).toMatchObject({
      name: 'AggregateError',
      errors: [
        { name: 'RangeError', message: 'one', stack: expect.stringContaining('several.mjs') },
        { name: 'Error', message: "it is of 'two', which is not an error" },
      ],
    })
    const around = JSON.stringify(await errorOf('around'))
    expect(around.match(/"message":"around"/g).length).toBeGreaterThan(20)
    expect(around.match(/"message":"around"/g).length).toBeLessThanOrEqual(101)
  })

  test('of something thrown that is no error is a failure too', async () => {
    const { records } = await runTask('throwText', [], { input: 'oops\n' })
    expect(records[0].error).toMatchObject({
      name: 'Error',
      message: "the function threw 'oops', which is not an error",
    })
  })

  test.each([
    ['undefined', 'null'],
    ['bigint', '"18446744073709551616"'],
    ['nan', '[null,null,0]'],
    ['date', '"1970-01-01T00:00:00.000Z"'],
    ['map', '[["a",["1"]]]'],
    ['bytes', '"Ynl0ZXM="'],
    ['floats', '[1.5,2]'],
    ['regexp', '"/a+/g"'],
    ['proto', '{"__proto__":1,"toJSON":2}'],
    ['lines', '"two\\nlines\u2028and more"'],
  ])('that is %s is written as %s', async (name, json) => {
    const { stdout, code } = await runTask('special', [], { input: name })
    expect({ stdout, code }).toEqual({ stdout: `{"index":0,"ok":true,"value":${json}}\n`, code: 0 })
  })

  test('that is an error is written as failures are', async () => {
    const { records } = await runTask('special', [], { input: 'error' })
    expect(records).toMatchObject([{ ok: true, value: { name: 'TypeError', message: 'as a value' } }])
  })

  test('that contains itself is a failure', async () => {
    const { records, code } = await runTask('special', [], { input: 'cyclic' })
    expect(records).toMatchObject([{ ok: false, error: { name: 'TypeError', code: 'ERR_NOT_JSON' } }])
    expect(code).toBe(1)
  })
})

describe('--values', () => {
  test('writes the values of what succeeds, and tells of failures on stderr', async () => {
    const { stdout, stderr, code } = await runTask('even', ['--values', '--ordered', '-f', 'ndjson'], {
      input: lines(4),
    })
    expect({ stdout, code }).toEqual({ stdout: '2\n4\n', code: 1 })
    expect(stderr).toContain('async-pool: row 0 failed: TypeError: 1 is odd\n')
    expect(stderr).toContain('async-pool: row 2 failed: TypeError: 3 is odd\n')
  })

  test('tells of ten failures', async () => {
    const { stderr } = await runTask('fail', ['--values'], { input: lines(30) })
    expect(stderr.match(/ failed: /g)).toHaveLength(10)
    expect(stderr).toContain('further failures are not shown; --errors FILE takes them all\n')
  })

  test('tells of none with --quiet, nor where --errors takes them', async () => {
    const path = join(folder(), 'errors.ndjson')
    const input = lines(3)
    expect(await runTask('even', ['--values', '-q', '-f', 'ndjson'], { input })).toMatchObject({
      stdout: '2\n',
      stderr: '',
      code: 1,
    })
    const { stderr } = await runTask('even', ['--values', '-e', path, '-f', 'ndjson'], { input })
    expect(stderr).not.toContain('is odd')
    expect(recordsIn(path)).toMatchObject([
      { index: 0, ok: false },
      { index: 2, ok: false },
    ])
  })
})

describe('--output and --errors', () => {
  test('take results and failures', async () => {
    const within = folder()
    const [output, errors] = [join(within, 'out.ndjson'), join(within, 'err.ndjson')]
    writeFileSync(output, 'what was there before, and is longer than what comes\n'.repeat(10))
    const result = await runTask('even', ['-o', output, '-e', errors, '-f', 'ndjson'], { input: lines(4) })
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(recordsIn(output)).toEqual([
      { index: 1, ok: true, value: 2 },
      { index: 3, ok: true, value: 4 },
    ])
    expect(readFileSync(output, 'utf8')).not.toContain('before')
    expect(recordsIn(errors)).toMatchObject([
      { index: 0, ok: false },
      { index: 2, ok: false },
    ])
  })

  test('keep what is in the file if the function is not there', async () => {
    const path = join(folder(), 'out.ndjson')
    writeFileSync(path, 'kept')
    expect(await runTask('eco', ['-o', path], { input: 'a\n' })).toMatchObject({ code: 2 })
    expect(readFileSync(path, 'utf8')).toBe('kept')
  })

  test.each([
    ['toString', 'export default { echo: value => value }'],
    ['hasOwnProperty', 'export default { echo: value => value }'],
    ['call', 'export default function echo(value) { return value }'],
    ['constructor', 'export default class { static echo(value) { return value } }'],
    ['name', 'export default function echo(value) { return value }'],
    ['limit', 'export const limit = 3'],
  ])('keep what is in the file if %s is no function of the module: %s', async (fn, code) => {
    const cwd = folder()
    writeFileSync(join(cwd, 'tasks.mjs'), code)
    writeFileSync(join(cwd, 'out'), 'kept')
    const args = ['run', './tasks.mjs', fn, '-o', 'out', '-c', 'checkpoint']
    const { code: status, stderr } = await run(args, { cwd, input: 'a\n' })
    expect(status, stderr).toBe(2)
    expect(stderr).toContain(` named '${fn}'`)
    expect(readFileSync(join(cwd, 'out'), 'utf8')).toBe('kept')
  })

  test('take results of functions that are properties of the default export, and may be hidden', async () => {
    const cwd = folder()
    const code = 'export const echo = 3; export default class { static echo(value) { return value } }'
    writeFileSync(join(cwd, 'both.mjs'), code)
    writeFileSync(join(cwd, 'common.cjs'), "exports['e' + 'cho'] = value => value")
    for (const module of ['./both.mjs', './common.cjs'])
      expect(await run(['run', module, 'echo', '--values', '-q'], { cwd, input: 'a\n' })).toMatchObject({
        stdout: '"a"\n',
        code: 0,
      })
  })

  test('may be -, which is stdout', async () => {
    const cwd = folder()
    const result = await runTask('echo', ['-i', '-', '-o', '-', '--values'], { cwd, input: 'a\n' })
    expect(result).toMatchObject({ stdout: '"a"\n', code: 0 })
    expect(existsSync(join(cwd, '-'))).toBe(false)
  })

  test('empty the file if there are no rows', async () => {
    const path = join(folder(), 'out.ndjson')
    writeFileSync(path, 'before')
    expect(await runTask('echo', ['-o', path])).toMatchObject({ code: 0 })
    expect(readFileSync(path, 'utf8')).toBe('')
  })

  test('are refused where they cannot be written, and no row is read', async () => {
    const { code, stderr } = await runTask('echo', ['-o', '/no/such/folder/out'], { input: 'a\n' })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^async-pool: cannot write --output .*\n$/)
  })

  test('may be what has no length', async () => {
    expect(await runTask('echo', ['-o', '/dev/null', '-e', '/dev/null'], { input: 'a\n' })).toMatchObject({
      code: 0,
      stdout: '',
    })
  })

  test('that cannot be written to any more end the run, and say why', async () => {
    const full = await runTask('echo', ['-o', '/dev/full'], { input: lines(1000) })
    expect(full.code).toBe(1)
    expect(full.stderr).toContain('async-pool: broken off: cannot write --output /dev/full: ENOSPC')
    expect(full.stderr).toContain('async-pool: 0 rows done: 0 ok, 0 failed')
    expect(full.stderr).toMatch(
      /^async-pool: the rest of the input is not done, nor are \d+ rows of what was read \(some of these may have run\)$/m,
    )
    const command = ['bash', '-c', '"$@" > /dev/full', 'bash', process.execPath, cli]
    const fullStdout = await runTask('echo', [], { input: lines(1000), command })
    expect(fullStdout.code).toBe(1)
    expect(fullStdout.stderr).toContain('async-pool: broken off: cannot write stdout: ENOSPC')
  })

  test('must not be what the checkpoint is written to before it is renamed', async () => {
    const within = folder()
    const { code, stderr } = await runTask('echo', ['-c', 'all', '-o', './all.tmp'], { cwd: within })
    const path = join(within, 'all.tmp')
    expect(stderr).toBe(`async-pool: --output and --checkpoint are the same file, ${path}\n`)
    expect(code).toBe(2)
  })

  test.each([
    ['-e', '2>>', 'stderr'],
    ['-e', '2>>', 'fd/2'],
    ['-o', '>>', 'stdout'],
    ['-o', '>>', 'fd/1'],
  ])(
    'may be the streams of the command, which keep what is there (%s %s /dev/%s)',
    async (option, into, name) => {
      const path = join(folder(), 'kept')
      writeFileSync(path, 'kept\n')
      const command = ['bash', '-c', `"$@" ${into} '${path}'`, 'bash', process.execPath, cli]
      const fn = option === '-e' ? 'fail' : 'echo'
      await runTask(fn, ['-q', option, `/dev/${name}`], { input: 'luck\n', command })
      expect(readFileSync(path, 'utf8')).toMatch(/^kept\n\{"index":0,.*\}\n$/)
    },
  )

  test.each([
    [['-o', 'same', '-e', 'same'], 'output', 'errors'],
    [['-o', './same', '-c', 'same'], 'output', 'checkpoint'],
    [['-i', 'same', '-o', 'same'], 'input', 'output'],
    [['-o', 'same', '-e', 'hard'], 'output', 'errors'],
    [['-i', 'link', '-r', 'hard'], 'input', 'report'],
    [['--env-file', 'same', '-o', 'hard'], 'env-file', 'output'],
    [['-o', 'new', '-e', 'dangling'], 'output', 'errors'],
    [['-o', 'dangling', '-e', 'chain'], 'output', 'errors'],
    [['-o', 'dangling', '-c', 'chain'], 'output', 'checkpoint'],
  ])('must not be the same file: %j', async (args, one, other) => {
    const within = folder()
    writeFileSync(join(within, 'same'), 'kept')
    linkSync(join(within, 'same'), join(within, 'hard'))
    symlinkSync('same', join(within, 'link'))
    symlinkSync('./new', join(within, 'dangling'))
    symlinkSync('dangling', join(within, 'chain'))
    const { code, stderr } = await runTask('echo', args, { cwd: within })
    expect(code).toBe(2)
    expect(stderr).toContain(`--${one} and --${other} are the same file`)
    expect(readFileSync(join(within, 'same'), 'utf8')).toBe('kept')
  })

  test.each([
    ['./tasks.mjs', 'tasks.mjs'],
    ['./tasks.mjs', './link.mjs'],
    ['./common', 'common.js'],
  ])('must not be the module: %s and %s', async (module, path) => {
    const cwd = folder()
    const code = 'exports.echo = value => value'
    for (const name of ['tasks.mjs', 'common.js']) writeFileSync(join(cwd, name), code)
    symlinkSync('tasks.mjs', join(cwd, 'link.mjs'))
    const { code: status, stderr } = await run(['run', module, 'echo', '-o', path], { cwd })
    expect(stderr).toBe(`async-pool: the module and --output are the same file, ${path}\n`)
    expect(status).toBe(2)
    expect(readFileSync(join(cwd, path), 'utf8')).toBe(code)
  })

  test.each([
    [['-e', 'same'], '>', 'stdout and --errors are the same file, same'],
    [['-o', '/dev/stdout', '-r', 'same'], '>>', '--output and --report are the same file, same'],
    [['-o', 'same', '-e', '/dev/stderr'], '2>>', '--output and --errors are the same file, /dev/stderr'],
    [['-o', 'same'], '<', 'stdin and --output are the same file, same'],
    [[], '< same >>', 'stdin and stdout are the same file, by redirection'],
  ])('must not be what a stream was redirected to: %j %s same', async (args, into, message) => {
    const cwd = folder()
    writeFileSync(join(cwd, 'same'), 'kept\n')
    const command = ['bash', '-c', into === '2>>' ? '"$@" 2>> same' : `{ "$@" ${into} same; } 2>&1; exit $?`]
    const result = await runTask('echo', args, {
      cwd,
      input: 'a\n',
      command: [...command, 'bash', process.execPath, cli],
    })
    expect(result.code).toBe(2)
    const said = into === '2>>' ? readFileSync(join(cwd, 'same'), 'utf8') : result.stdout
    expect(said).toContain(`async-pool: ${message}\n`)
    if (into === '<' || into === '>>') expect(readFileSync(join(cwd, 'same'), 'utf8')).toBe('kept\n')
  })

  test('may both be the same stream of the command', async () => {
    const path = join(folder(), 'kept')
    writeFileSync(path, 'kept\n')
    const command = ['bash', '-c', `"$@" >> '${path}' 2>&1`, 'bash', process.execPath, cli]
    const args = ['-q', '-o', '/dev/stdout', '-e', '/dev/stderr', '-f', 'ndjson']
    expect(await runTask('even', args, { input: lines(2), command })).toMatchObject({ code: 1 })
    expect(readFileSync(path, 'utf8')).toMatch(/^kept\n(\{"index":\d,.*\}\n){2}$/)
  })
})

describe('--ordered', () => {
  test('keeps the order of the input, whatever ends first', async () => {
    const gate = await createGate()
    const run = startTask('held', ['--ordered', '-s', '3'], { input: 'a\nb\nc\n', env: gate.env })
    const arrivals = [await gate.next(), await gate.next(), await gate.next()]
    expect(arrivals.map(({ value }) => value)).toEqual(['a', 'b', 'c'])
    for (const { value, answer } of arrivals.reverse()) answer({ value })
    const { stdout } = await run.result
    expect(stdout.match(/"index":\d/g)).toEqual(['"index":0', '"index":1', '"index":2'])
  })

  test('without it results come as they are ready', async () => {
    const gate = await createGate()
    const run = startTask('held', ['-s', '2'], { input: 'a\nb\n', env: gate.env })
    const [first, second] = [await gate.next(), await gate.next()]
    second.answer({ value: 'second' })
    await run.said('"index":1', 'stdout')
    expect(run.stdout).not.toContain('"index":0')
    first.answer({ value: 'first' })
    expect(await run.result).toMatchObject({ code: 0, records: [{ value: 'first' }, { value: 'second' }] })
  })

  test('pauses the reading while the first row holds back too many', async () => {
    const gate = await createGate()
    const input = `"wait"\n${lines(40_000)}`
    const run = startTask('heldFirst', ['--ordered', '-f', 'ndjson', '-s', '5'], { input, env: gate.env })
    const first = await gate.next()
    // The last row that fits has been called, and the task of that row says so; the next one is not read.
    await run.said('called 9999\n')
    first.answer({ value: 'first' })
    const { stdout, stderr, code } = await run.result
    const called = stderr.slice(0, stderr.indexOf('first is done')).match(/called \d+/g)
    expect(called).toHaveLength(9999)
    const indexes = [...stdout.matchAll(/"index":(\d+)/g)].map(([, index]) => Number(index))
    expect(indexes).toEqual(Array.from({ length: 40_001 }, (_, index) => index))
    expect(code).toBe(0)
  })
})

describe('the output', () => {
  test('that nobody reads any more ends the run quietly', async () => {
    const { code, stdout, stderr } = await runTask('echo', [], {
      input: lines(100_000),
      command: ['bash', '-c', '"$@" | head -n 2; exit $PIPESTATUS', 'bash', process.execPath, cli],
    })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout.trim().split('\n')).toHaveLength(2)
  })

  test('gets nothing of what tasks print: that goes to stderr', async () => {
    const { stdout, stderr } = await runTask('print', [], { input: 'a\nb\n' })
    expect(stdout.trim().split('\n')).toHaveLength(2)
    expect(stderr).toContain('printed a\nprinted b\n')
  })

  test('that is read slowly slows the calls', async () => {
    const fifo = join(folder(), 'fifo')
    execFileSync('mkfifo', [fifo])
    const reader = `(cat "${fifo}" && echo 'reading now' >&2 && cat)`
    const run = startTask('large', ['-q'], {
      input: lines(1000),
      command: ['bash', '-c', `"$@" | ${reader}`, 'bash', process.execPath, cli],
    })
    // Each result is longer than a pipe: the first one is being written, and twice what the executor takes is in flight.
    await run.said('called 40\n')
    writeFileSync(fifo, '')
    const { stderr, records } = await run.result
    expect(stderr.slice(0, stderr.indexOf('reading now')).match(/called/g)).toHaveLength(40)
    expect(records).toHaveLength(1000)
  })
})
