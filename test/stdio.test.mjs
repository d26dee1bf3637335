import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { folder, runScript, systems } from './child.mjs'

describe.each(systems)('output of tasks (%s)', system => {
  test('appears while the caller is blocked', async () => {
    // The test answers on stdin only when it has seen the line, and the script is blocked until then.
    const { lines, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(2)
       executor.submit(tasks, 'print', ['printed while blocked'])
       say('answer ' + executor.run(tasks, 'readLine'))`,
      {
        onStart(child, output) {
          child.stdin.end = () => {} // kept open for the answer
          child.stdout.on('data', text => {
            output.stdout += text
            if (output.stdout.includes('printed while blocked\n')) child.stdin.write('seen\n')
          })
        },
      },
    )
    expect(lines).toEqual(['printed while blocked', 'answer seen'])
    expect(code).toBe(0)
  })

  test('is complete and in order after process.exit, on both descriptors', async () => {
    const { stdout, stderr, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 2000 })
       for (let i = 0; i < 1000; i++) {
         executor.submit(tasks, 'print', ['out ' + i])
         executor.submit(tasks, 'printError', ['err ' + i])
       }
       process.exit(3)`,
    )
    const numbered = name => Array.from({ length: 1000 }, (_, i) => `${name} ${i}\n`).join('')
    expect(stdout).toBe(numbered('out'))
    expect(stderr).toBe(numbered('err'))
    expect(code).toBe(3)
  })

  // Fewer lines than a pipe holds that nobody reads: into a full one Node's own console.log does not write at once.
  test('stays in order with what the caller writes', async () => {
    const { lines } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor(1)
       for (let i = 0; i < 40; i++) {
         console.log('caller ' + i)
         executor.run(tasks, 'print', ['task ' + i])
       }`,
    )
    expect(lines).toEqual(Array.from({ length: 80 }, (_, i) => `${i % 2 ? 'task' : 'caller'} ${i >> 1}`))
  })

  test('keeps the order of stdout and stderr in one file', async () => {
    const path = join(folder(), 'out.txt')
    const descriptor = openSync(path, 'a')
    try {
      await runScript(
        system,
        `const executor = new AsyncPoolExecutor({ size: 1, queueSize: 500 })
         for (let i = 0; i < 100; i++) {
           executor.submit(tasks, 'print', ['line ' + 2 * i])
           executor.submit(tasks, 'printError', ['line ' + (2 * i + 1)])
         }`,
        { stdio: ['ignore', descriptor, descriptor] },
      )
    } finally {
      closeSync(descriptor)
    }
    expect(readFileSync(path, 'utf8')).toBe(Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join(''))
  })

  test('goes whole through a slow pipe', async () => {
    const count = 3000
    const { stdout, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 1, queueSize: ${count} })
       for (let i = 0; i < ${count}; i++) executor.submit(tasks, 'print', [i + ' ' + 'x'.repeat(500)])
       process.exit(5)`,
      {
        deadline: 30_000,
        onStart(child, output) {
          // Takes little at a time, with pauses, so that the pipe stays full.
          child.stdout.on('data', text => {
            output.stdout += text
            child.stdout.pause()
            setTimeout(() => child.stdout.resume(), 2)
          })
        },
      },
    )
    const expected = Array.from({ length: count }, (_, i) => `${i} ${'x'.repeat(500)}\n`).join('')
    expect(stdout.length).toBe(expected.length)
    expect(stdout === expected).toBe(true)
    expect(code).toBe(5)
  })

  test('of one very long line is whole', async () => {
    const { stdout } = await runScript(
      system,
      "new AsyncPoolExecutor(1).submit(tasks, 'print', ['y'.repeat(5_000_000)])",
    )
    expect(stdout.length).toBe(5_000_001)
  })

  test("goes nowhere with stdio 'ignore'", async () => {
    const { stdout, stderr, code } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 1, stdio: 'ignore' })
       executor.run(tasks, 'print', ['unseen'])
       executor.run(tasks, 'printError', ['unseen'])`,
    )
    expect({ stdout, stderr, code }).toEqual({ stdout: '', stderr: '', code: 0 })
  })

  test("comes through the caller's streams with stdio 'inherit'", async () => {
    const { lines } = await runScript(
      system,
      `const executor = new AsyncPoolExecutor({ size: 1, stdio: 'inherit' })
       executor.run(tasks, 'print', ['inherited'])
       say('blocked until here')
       setTimeout(() => {}, 300)`,
    )
    expect(lines).toEqual(['blocked until here', 'inherited'])
  })

  test('of an executor in a worker thread appears too', async () => {
    const { lines, code } = await runScript(
      system,
      `const { isMainThread } = ${system === 'import' ? "await import('node:worker_threads')" : "require('node:worker_threads')"}
       if (isMainThread) new Worker(new URL(file))
       else {
         const executor = new AsyncPoolExecutor({ size: 1, queueSize: 100 })
         for (let i = 0; i < 100; i++) executor.submit(tasks, 'print', ['line ' + i])
         process.exit(0)
       }`,
    )
    expect(lines).toEqual(Array.from({ length: 100 }, (_, i) => `line ${i}`))
    expect(code).toBe(0)
  })
})
