import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder } from '../child.mjs'
import { cli, createGate, lines, runTask, startTask, tasks } from './support/command.mjs'
import { quoted, startInTerminal } from './support/terminal.mjs'

const esc = '\x1B'

describe('where there is no terminal', () => {
  test('a line says now and then how it stands, and the last one how it was', async () => {
    const gate = await createGate()
    const running = startTask('held', ['-s', '2'], { input: lines(6), env: gate.env })
    const [first] = [await gate.next(), await gate.next()]
    first.answer({ error: 'the first failure' })
    await running.said('async-pool: 1 of 6 done, 1 failed, 2 running, ')
    gate.open({ value: 'done' })
    running.child.kill('SIGINT') // the second row is never done
    await running.said('waiting for the calls')
    running.child.kill('SIGINT')
    const { stderr, code } = await running.result
    expect(stderr).toMatch(/1 of 6 done, 1 failed, 2 running, \d+\.\d\/min, ETA \d+:\d\d\n/)
    expect(stderr).not.toContain(esc)
    expect(code).toBe(130)
  })

  test('the summary says what has been done', async () => {
    const { stderr } = await runTask('even', ['-f', 'ndjson'], { input: lines(1000) })
    expect(stderr).toMatch(/^async-pool: 1,000 rows done: 500 ok, 500 failed, \d+\.\d s, [\d,]+\/s\n$/)
  })

  test('with --quiet nothing is said', async () => {
    expect(await runTask('echo', ['--quiet'], { input: lines(3) })).toMatchObject({ stderr: '', code: 0 })
  })
})

describe('on a terminal', () => {
  /** Four rows, two at once, with results in a file: what the terminal shows is what is said of the run. */
  async function startOnTerminal({ fn = 'held', args = [], env = {}, redirect = '> output' } = {}) {
    const gate = await createGate()
    const within = folder()
    writeFileSync(join(within, 'input'), lines(4))
    const line = quoted(process.execPath, cli, 'run', tasks, fn, '-i', 'input', '-s', '2', ...args)
    const terminal = startInTerminal(`${line} ${redirect}`, {
      cwd: within,
      env: { ...gate.env, TERM: 'xterm', ...env },
    })
    return { ...terminal, gate }
  }

  test('a bar shows how far it is, in colour, and goes away at the end', async () => {
    const { run, gate } = await startOnTerminal()
    const [first] = [await gate.next(), await gate.next()]
    await run.said('2 running', 'stdout')
    first.answer({ error: 'the first failure' })
    for (const part of ['25%', '1/4', `${esc}[31m1 failed${esc}[0m`, ' · ETA 0:'])
      await run.said(part, 'stdout')
    gate.open({ value: 'done' })
    const { stdout } = await run.result
    expect(stdout).toContain(`${esc}[36m█████░`)
    expect(stdout.lastIndexOf(`${esc}[?25h`)).toBeGreaterThan(stdout.lastIndexOf(`${esc}[?25l`))
    expect(stdout.slice(stdout.lastIndexOf('█'))).toContain(`${esc}[2K`)
    expect(stdout).toMatch(/async-pool: 4 rows done: 3 ok, 1 failed, .*\r\n$/)
  })

  test('NO_COLOR takes the colours away', async () => {
    const { run, gate } = await startOnTerminal({ env: { NO_COLOR: '1' } })
    ;(await gate.next()).answer({ error: 'the first failure' })
    await run.said('1 failed', 'stdout')
    gate.open({ value: 'done' })
    const { stdout } = await run.result
    expect(stdout).toContain('█')
    expect(stdout.split(esc).filter(part => /^\[\d*m/.test(part))).toEqual([])
  })

  test('that cannot draw there are lines', async () => {
    const { run, gate } = await startOnTerminal({ env: { TERM: 'dumb' } })
    gate.open({ value: 'done' })
    const { stdout } = await run.result
    expect(stdout).not.toContain(esc)
    expect(stdout).toContain('async-pool: 4 rows done')
  })

  test('what tasks print, and results, take the line of the bar', async () => {
    const { run } = await startOnTerminal({ fn: 'printLate', redirect: '' })
    const { stdout } = await run.result
    for (const text of ['printed 4', '{"index":3'])
      expect([`\r${esc}[K`, '\n'].some(end => stdout.slice(0, stdout.indexOf(text)).endsWith(end))).toBe(true)
  })

  test('Ctrl-C stops the run, and the keys of the terminal work again', async () => {
    const { run, type, gate } = await startOnTerminal({ args: ['--ordered'] })
    const [first, second] = [await gate.next(), await gate.next()]
    await run.said('2 running', 'stdout')
    type('\x03')
    await run.said('waiting for the calls that are running', 'stdout')
    first.answer({ value: 1 })
    second.answer({ value: 2 })
    const { stdout, code } = await run.result
    expect(code).toBe(130)
    expect(stdout).toContain('2 rows done: 2 ok, 0 failed')
    expect(stdout.lastIndexOf(`${esc}[?25h`)).toBeGreaterThan(stdout.lastIndexOf(`${esc}[?25l`))
  })

  test('Ctrl-C twice ends it at once, and the cursor is there again', async () => {
    const { run, type, gate } = await startOnTerminal()
    await gate.next()
    await run.said('2 running', 'stdout')
    type('\x03')
    await run.said('waiting for the calls that are running', 'stdout')
    type('\x03')
    const { stdout, code } = await run.result
    expect(code).toBe(130)
    expect(stdout.lastIndexOf(`${esc}[?25h`)).toBeGreaterThan(stdout.lastIndexOf(`${esc}[?25l`))
  })
})
