import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { file, folder } from '../child.mjs'
import { cli, createGate, lines, run, runTask, startTask } from './support/command.mjs'

describe('the function', () => {
  test('may be in a file beside, with or without ./ before its name', async () => {
    const within = folder()
    file('tasks.mjs', 'export const twice = text => text + text', within)
    file('legacy.cjs', 'exports.twice = text => text + text', within)
    for (const module of ['tasks.mjs', './tasks.mjs', join(within, 'tasks.mjs'), 'legacy.cjs'])
      expect(await run(['run', module, 'twice'], { input: 'ab', cwd: within })).toMatchObject({
        records: [{ value: 'abab' }],
        code: 0,
      })
  })

  test('may be in a package of the folder, or in Node', async () => {
    const within = folder()
    mkdirSync(join(within, 'node_modules/shout'), { recursive: true })
    writeFileSync(
      join(within, 'node_modules/shout/index.js'),
      'exports.shout = text => text.toUpperCase() + "!"',
    )
    for (const [module, fn, value] of [
      ['shout', 'shout', 'A/B!'],
      ['node:path', 'basename', 'b'],
    ])
      expect(await run(['run', module, fn], { input: 'a/b', cwd: within })).toMatchObject({
        records: [{ value }],
      })
  })

  test('that is not there ends the run with a list of those that are', async () => {
    const { code, stdout, stderr } = await runTask('eco', [], { input: lines(3) })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^async-pool: .* exports no function named 'eco'. It exports: .*\becho\b.*\n$/)
  })

  test.each(['eco', 'values'])('that is not there, as %s, is missed though there is no row', async fn => {
    const { code, stderr } = await runTask(fn)
    expect(stderr).toContain(`exports no function named '${fn}'`)
    expect(code).toBe(2)
  })

  test('may be in an object that the module exports by default', async () => {
    for (const [name, source] of [
      ['object.mjs', 'export const twice = 2; export default { twice: text => text + text }'],
      ['function.cjs', 'module.exports = () => {}; module.exports.twice = text => text + text'],
    ])
      expect(await run(['run', file(name, source), 'twice'], { input: 'ab' })).toMatchObject({
        records: [{ value: 'abab' }],
      })
  })

  test('may miss a function of its own, which fails its row', async () => {
    const path = file(
      'misses.mjs',
      `import { TaskNotFoundError } from 'async-pool-executor'
       export const misses = () => { throw new TaskNotFoundError('no such thing') }`,
    )
    const { records, code } = await run(['run', path, 'misses'], { input: lines(2) })
    expect(records).toMatchObject([
      { ok: false, error: { message: 'no such thing' } },
      { ok: false, error: { message: 'no such thing' } },
    ])
    expect(code).toBe(1)
  })

  test.each([
    ['is not there', undefined],
    ['throws', 'throw new Error("not today")'],
    ['ends the process', 'process.exit(3)'],
    ['never loads', 'await new Promise(() => {})'],
  ])('in a module that %s ends the run before it begins', async (_what, source) => {
    const within = folder()
    if (source !== undefined) file('bad.mjs', source, within)
    const { code, stdout, stderr } = await run(['run', './bad.mjs', 'any'], { input: 'a', cwd: within })
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/^async-pool: cannot load \.\/bad\.mjs: .+\n$/)
  })

  test.each([
    ['./bad.mjs', 'process.exit(4)', 'it ended its process while it was being loaded \\(exit code 4\\)'],
    [
      './bad.mjs',
      'setTimeout(() => { throw new RangeError("later") }); await new Promise(() => {})',
      'the worker died while it was being loaded: an uncaught error ended it: RangeError: later',
    ],
    ['bad', '', "Cannot find package 'bad'; did you mean \\./bad\\.mjs\\?"],
    ['./bad', '', "Cannot find module '/.*/bad'; did you mean \\./bad\\.mjs\\?"],
    ['./none.mjs', '', "Cannot find module '/.*/none\\.mjs'"],
    ['./none.cjs', '', "Cannot find module '/.*/none\\.cjs'"],
    ['./common', '', "Cannot find module '\\./gone\\.cjs'\nRequire stack:\n- [^;]+"],
    ['none', '', "Cannot find package 'none'"],
    ['./bad.mjs', 'import "./gone.mjs"', "Cannot find module '/.*/gone\\.mjs' imported from /.*/bad\\.mjs"],
  ])('in %s, which is %j, ends it with what is wrong', async (module, source, message) => {
    const cwd = folder()
    file('bad.mjs', source, cwd)
    file('common.js', 'require("./gone.cjs")', cwd)
    const { code, stderr } = await run(['run', module, 'any'], { input: 'a', cwd })
    expect(stderr).toMatch(new RegExp(`^async-pool: cannot load ${module}: ${message}\n$`))
    expect(code).toBe(2)
  })

  test.each([
    ['mjs', "import './inner.mjs'; export const any = 1"],
    ['cjs', "require('./inner.cjs')"],
  ])(
    'in a module that imports what cannot be parsed ends it with the place (.%s)',
    async (ending, source) => {
      const within = folder()
      file(`outer.${ending}`, source, within)
      file(`inner.${ending}`, 'const one = 1\nconst two = ;\n', within)
      const args = ['run', `./outer.${ending}`, 'any']
      const { code, stderr } = await run(args, { input: 'a', cwd: within })
      expect(stderr).toMatch(/^async-pool: cannot load \.\/outer\.[mc]js: Unexpected token ';'\n/)
      expect(stderr).toMatch(/\/inner\.[mc]js:2\nconst two = ;\n {12}\^\n$/)
      expect(code).toBe(2)
    },
  )

  test('in a module that throws ends it with the place', async () => {
    const within = folder()
    file('outer.mjs', "import './inner.mjs'", within)
    file('inner.mjs', '\nthrow new Error("not today")', within)
    const { stderr } = await run(['run', './outer.mjs', 'any'], { input: 'a', cwd: within })
    expect(stderr).toMatch(/: not today \(at file:.*\/inner\.mjs:2:7\)\n$/)
  })
})

describe('--size and --queue-size', () => {
  test('so many calls run at once, and no more', async () => {
    const gate = await createGate()
    const running = startTask('held', ['--size', '3', '--queue-size', '0'], {
      input: lines(6),
      env: gate.env,
    })
    const first = [await gate.next(), await gate.next(), await gate.next()]
    expect(gate.waiting).toBe(0)
    first[0].answer({ value: 1 })
    const fourth = await gate.next() // it has come because one has gone
    expect(gate.waiting).toBe(0)
    gate.open({ value: 1 })
    for (const { answer } of [first[1], first[2], fourth]) answer({ value: 1 })
    expect(await running.result).toMatchObject({ code: 0 })
  })

  test('size is 10 if nothing is said', async () => {
    const { records } = await runTask('overlap', [], { input: lines(200) })
    expect(Math.max(...records.map(({ value }) => value))).toBe(10)
  })
})

describe('--timeout', () => {
  test('fails a call that takes longer, and aborts it', async () => {
    const { records, stderr, code } = await runTask('abortable', ['--timeout', '50ms'], { input: 'a' })
    expect(records).toMatchObject([{ ok: false, error: { name: 'TimeoutError', code: 'ERR_TIMEOUT' } }])
    expect(stderr).toContain('aborted')
    expect(code).toBe(1)
  })

  test('may be longer than timers go', async () => {
    const { stderr, records } = await runTask('echo', ['-q', '--timeout', '600h'], { input: 'a' })
    expect(stderr).toBe('')
    expect(records).toMatchObject([{ value: 'a' }])
  })

  test('calls that ignore it do not keep the others from running', async () => {
    const input = 'never\nnever\na\nb\nc\nd\n'
    const { records } = await runTask('neverOn', ['--timeout', '400', '-s', '2'], { input })
    expect(records.map(({ ok }) => ok)).toEqual([false, false, true, true, true, true])
  })

  test('an endless loop does not keep the others from running', async () => {
    const input = 'a\nspin\nb\nc\n'
    const { records } = await runTask('spinOn', ['--timeout', '300', '-s', '1'], { input })
    expect(records.map(({ ok }) => ok)).toEqual([true, false, true, true])
    expect(records[1].error.code).toBe('ERR_TIMEOUT')
  })
})

describe('--retries', () => {
  test('call again what fails, and only that', async () => {
    const input = '[2,"x"]\n[0,"y"]\n[9,"z"]\n'
    const args = ['--spread', '--retries', '3', '--retry-delay', '10ms']
    const { records, stderr, code } = await runTask('failing', args, { input })
    expect(records).toMatchObject([
      { ok: true, value: 3 },
      { ok: true, value: 1 },
      { ok: false, error: { message: 'try 4' } },
    ])
    expect(stderr).toContain('5 retries')
    expect(code).toBe(1)
  })

  test('wait twice as long each time, give or take half of it', async () => {
    const { stderr } = await runTask('failingAt', ['--retries', '4', '--retry-delay', '80'], { input: 'a' })
    const times = [...stderr.matchAll(/^at (\S+)$/gm)].map(([, time]) => Number(time))
    expect(times).toHaveLength(5)
    // The least that the waits may be; how late timers are is not our affair.
    for (const [tries, time] of times.slice(1).entries())
      expect(time - times[tries]).toBeGreaterThan(80 * 2 ** tries * 0.5 - 2)
  })

  test('rows that are no input for a call are not tried again', async () => {
    const args = ['-f', 'ndjson', '--retries', '5', '--retry-delay', '1h']
    expect(await runTask('echo', args, { input: '{' })).toMatchObject({ code: 1 })
  })

  test('rows that wait for theirs leave slots to others', async () => {
    const args = ['--spread', '-s', '1', '--queue-size', '0', '--retries', '1', '--retry-delay', '300']
    const { stdout } = await runTask('failing', args, { input: '[1,"x"]\n[0,"y"]\n' })
    expect(stdout.match(/"index":\d/g)).toEqual(['"index":1', '"index":0'])
  })
})

describe('--rate', () => {
  test('keeps starts apart', async () => {
    const { records } = await runTask('startedAt', ['--rate', '40/s'], { input: lines(9) })
    const times = records.map(({ value }) => value).sort((one, other) => one - other)
    for (const [position, time] of times.slice(1).entries()) expect(time - times[position]).toBeGreaterThan(5)
    // On the whole, since a start that is late may be close to the next one.
    expect(times.at(-1) - times[0]).toBeGreaterThan(8 * 25 - 25)
  })

  test('counts retries too', async () => {
    const args = ['--spread', '--rate', '40/s', '--retries', '8', '--retry-delay', '1']
    const { stderr } = await runTask('failingAt', args, { input: '["x"]' })
    const times = [...stderr.matchAll(/^at (\S+)$/gm)].map(([, time]) => Number(time))
    expect(times).toHaveLength(9)
    expect(times.at(-1) - times[0]).toBeGreaterThan(8 * 25 - 25)
  })

  test('does not go with a queue', async () => {
    const { code, stderr } = await runTask('echo', ['--rate', '1/s', '--queue-size', '5'])
    expect(code).toBe(2)
    expect(stderr).toContain('leave out --queue-size')
  })
})

describe('--fail-fast', () => {
  test('stops at the first failure, and lets what runs end', async () => {
    const gate = await createGate()
    const args = ['--fail-fast', '-s', '2', '--queue-size', '5']
    const running = startTask('held', args, { input: lines(1000), env: gate.env })
    const [first, second] = [await gate.next(), await gate.next()]
    first.answer({ error: 'the first failure' })
    await running.said('the first failure', 'stdout')
    second.answer({ value: 'done all the same' })
    gate.open({ value: 'third' }) // it may have started before the failure was known
    const { records, stderr, code } = await running.result
    expect(records.slice(0, 2)).toMatchObject([{ ok: false }, { ok: true, value: 'done all the same' }])
    expect(records.length).toBeLessThanOrEqual(3)
    expect(stderr).toContain('stopped at the first failure')
    expect(code).toBe(1)
  })

  test('a failure that a retry mends is none', async () => {
    const args = ['--spread', '--fail-fast', '--retries', '2', '--retry-delay', '1']
    expect(await runTask('failing', args, { input: '[2,"x"]\n[1,"y"]\n' })).toMatchObject({ code: 0 })
  })
})

describe('--env-file', () => {
  /** Behind these dashes Node leaves options of that name alone (nodejs/node#54232). */
  const command = [process.execPath, '--', cli]

  test('sets variables that are not set, later files before earlier ones', async () => {
    const within = folder()
    file('one.env', 'CLI_ONE=1\nCLI_BOTH="from one"\nCLI_SET=not this\n', within)
    file('two.env', '# a comment\nCLI_BOTH=from two\n', within)
    const args = ['--env-file', join(within, 'one.env'), '--env-file', join(within, 'two.env'), '--ordered']
    const { records } = await runTask('variable', args, {
      input: 'CLI_ONE\nCLI_BOTH\nCLI_SET\n',
      env: { CLI_SET: 'as it was' },
      command,
    })
    expect(records.map(({ value }) => value)).toEqual(['1', 'from two', 'as it was'])
  })

  test('is refused if it cannot be read', async () => {
    const { code, stderr } = await runTask('variable', ['--env-file', '/no/such.env'], { command })
    expect(code).toBe(2)
    expect(stderr).toMatch(/^async-pool: cannot read --env-file: .*\n$/)
  })

  test('works where Node reads it as well', async () => {
    const args = ['--env-file', file('one.env', 'CLI_ONE=1\n')]
    expect(await runTask('variable', args, { input: 'CLI_ONE' })).toMatchObject({ records: [{ value: '1' }] })
    expect((await runTask('variable', ['--env-file', '/no/such.env'])).stderr).toContain('/no/such.env')
  })
})

describe('a call that ends the worker', () => {
  test('is a failure, and the run goes on', async () => {
    const { records, code } = await runTask('exitOn', ['-s', '1'], { input: 'a\nexit\nb\nexit\nc\n' })
    expect(records.map(({ ok }) => ok)).toEqual([true, false, true, false, true])
    expect(records[1].error).toMatchObject({ name: 'WorkerDiedError', code: 'ERR_WORKER_DIED' })
    expect(code).toBe(1)
  })

  test('does not charge the next ones for loading the module once more', async () => {
    const path = file(
      'slow.mjs',
      `const start = performance.now()
       while (performance.now() - start < 700);
       export const exitOn = value => (value === 'exit' ? process.exit(1) : value)`,
    )
    const args = ['run', path, 'exitOn', '-s', '1', '--timeout', '350']
    const { records } = await run(args, { input: 'a\nexit\nb\n' })
    expect(records.map(({ ok }) => ok)).toEqual([true, false, true])
  })

  test('may do so more often than an executor allows by itself', async () => {
    const { records } = await runTask('exitOn', ['-s', '1'], { input: `${'exit\n'.repeat(12)}last\n` })
    expect(records.at(-1)).toMatchObject({ index: 12, ok: true, value: 'last' })
    expect(records.slice(0, 12).every(({ error }) => error.code === 'ERR_WORKER_DIED')).toBe(true)
  })
})

test('exit hooks of the module run at the end', async () => {
  const path = file(
    'hooks.mjs',
    `process.on('exit', () => console.log('flushed'))\nexport const echo = text => text`,
  )
  const { stderr, code } = await run(['run', path, 'echo'], { input: 'a' })
  expect(stderr).toContain('flushed')
  expect(code).toBe(0)
})

describe('--offload', () => {
  test('runs calls that compute side by side', async () => {
    const { records, code } = await runTask('meet', ['--offload', '-s', '2'], {
      input: '1\n2\n',
      env: { MEET: folder() },
    })
    expect(records.map(({ value }) => value)).toEqual(['met', 'met'])
    expect(code).toBe(0)
  })

  test('gives failures, timeouts and dead threads to their rows, and stdout to results alone', async () => {
    const input = 'a\nexit\nb\n'
    const { records, stdout, stderr } = await runTask('printAndExitOn', ['--offload'], { input })
    expect(records.map(({ ok, error }) => error?.code ?? ok)).toEqual([true, 'ERR_WORKER_DIED', true])
    expect(stdout.trim().split('\n')).toHaveLength(3)
    expect(stderr).toContain('printed b\n')
    const spun = await runTask('spinOn', ['--offload', '--timeout', '200ms'], { input: 'a\nspin\nb\n' })
    expect(spun.records.map(({ ok, error }) => error?.code ?? ok)).toEqual([true, 'ERR_TIMEOUT', true])
  })
})
