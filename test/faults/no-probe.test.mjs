import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { parseLines, runChild } from './support/run-child.mjs'

const program = fileURLToPath(new URL('support/matrix-child.mjs', import.meta.url))
const blindProgram = fileURLToPath(new URL('support/blind-child.cjs', import.meta.url))
const env = { ...process.env, APE_NO_PROBE: '1' }

async function runCell(...cell) {
  const { code, stdout, timedOut } = await runChild([program, ...cell], { env, deadline: 15_000 })
  const result = parseLines(stdout).records.find(record => record.cell !== undefined)
  return { code, timedOut, problems: result?.problems ?? ['did not end'] }
}

test('the death probe: posting to a port tells whether the thread at its other end lives', async () => {
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker('setInterval(() => require("node:worker_threads").workerData, 1000)', {
    eval: true,
    workerData: port2,
    transferList: [port2],
  })
  await new Promise(resolve => worker.once('online', resolve))
  expect(port1.postMessage(0)).toBe(true)
  await worker.terminate()
  expect(port1.postMessage(0)).not.toBe(true) // false, or undefined once this thread knows it too
  port1.close()
})

/*
 * What ends a wait without the probe: the worker's own exit hook, which rings; hangTimeout; and for what runs no hook
 * (terminate, out of memory, process.reallyExit) a look at the threads of the process, where the system shows them.
 * Elsewhere only an event loop hears of those.
 */
describe.concurrent('without the death probe', () => {
  const withHook = ['exit', 'throw', 'reject', 'loop']
  const withoutHook = process.platform === 'linux' ? ['terminate', 'oom', 'reallyExit'] : []
  const blocked = [...withHook, ...withoutHook].flatMap(cause =>
    ['result', 'submit', 'join', 'map'].map(waiter => ({ cause, waiter })),
  )
  test.each(blocked)('a blocked caller hears of $cause ($waiter)', async ({ cause, waiter }) => {
    const ended = await runCell('running', cause, waiter)
    expect(ended).toEqual({ code: 0, timedOut: false, problems: [] })
  })

  test('and where the system shows no threads, hangTimeout ends the wait', async () => {
    const blind = { ...env, APE_NO_THREADS: '1' }
    const { code, stdout, stderr, timedOut } = await runChild([blindProgram], { env: blind })
    expect({ code, stderr, timedOut }).toEqual({ code: 0, stderr: '', timedOut: false })
    expect(parseLines(stdout).records).toEqual([
      { code: 'ERR_WORKER_DIED', reason: expect.stringMatching(/hangTimeout of 300 ms/), next: 2 },
    ])
  })

  test.each(['terminate', 'oom'])('an event loop hears of %s', async cause => {
    const ended = await runCell('running', cause, 'promise')
    expect(ended).toEqual({ code: 0, timedOut: false, problems: [] })
  })
})
