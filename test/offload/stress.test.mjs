import { describe, expect, test } from 'vitest'
import { reportOf } from './support/script.mjs'

/** What each kind of task may end with, as long as the worker lives. */
const kinds = {
  echo: { call: "[cpu, 'echo', ['echo'], offload]", ends: ['echo'] },
  plain: { call: "[cpu, 'echoLater', ['plain']]", ends: ['plain'] },
  part: { call: "[cpu, 'partOf', ['./cpu.mjs', 'echo', ['part']]]", ends: ['part'] },
  fail: { call: "[cpu, 'failLater', [], offload]", ends: ['AggregateError'] },
  uncloneable: { call: "[cpu, 'returnFunction', [], offload]", ends: ['NotCloneableError'] },
  exit: { call: "[cpu, 'exit', [1], offload]", ends: ['WorkerDiedError'] },
  timer: { call: "[cpu, 'throwInTimer', [], offload]", ends: ['WorkerDiedError'] },
  again: { call: "[cpu, 'exit', [1], { offload: true, idempotent: true }]", ends: ['WorkerDiedError'] },
  endless: { call: "[cpu, 'beat', [words], { offload: true, timeout: 20 }]", ends: ['TimeoutError'] },
  cancelled: { call: "[cpu, 'beat', [words], offload]", ends: ['CancelledError'] },
}

const script = (seed, deaths) => `
  let state = ${seed}
  const random = below => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 16) % below
  }
  const calls = [${Object.entries(kinds)
    .map(([kind, { call }]) => `['${kind}', ${call}]`)
    .join(', ')}]
  const executor = new AsyncPoolExecutor({
    size: 6, queueSize: 6, cpuThreads: 3, base: cpu, onError: 'ignore',
    idleTimeout: random(2) === 0 ? 0 : 1_000, // 0: threads end between tasks
    restart: { max: 5, within: 60_000 },
  })
  const ends = []
  for (let round = 0; round < 4; round++) {
    const futures = []
    for (let i = 0; i < 24; i++) {
      const [kind, [module, name, args, options]] = calls[random(calls.length)]
      const future = executor.submit(module, name, args, { ...options, priority: random(3) })
      if (kind === 'cancelled') {
        for (let turns = random(3); turns > 0; turns--) executor.run(cpu, 'echo')
        future.cancel()
      }
      futures.push([kind, future])
    }
    ${deaths ? "futures.push(['exit', executor.submit('node:process', 'exit', [1])])" : ''}
    for (const [kind, future] of futures) {
      const outcome = failureOf(future)
      ends.push([kind, outcome.value ?? outcome.name])
    }
  }
  const joined = executor.join(10_000)
  const { queued, running } = executor.stats()
  report({ ends, joined, queued, running })`

describe('any mixture of tasks and ends', () => {
  test.each([1, 2])('settles each task once, and as it must (seed %i)', async seed => {
    const { ends, ...rest } = await reportOf(script(seed, false), { deadline: 50_000 })
    const wrong = ends.filter(([kind, end]) => !kinds[kind].ends.includes(end))
    expect(wrong).toEqual([])
    expect(rest).toEqual({ joined: true, queued: 0, running: 0 })
  })

  test.each([4, 5])('also when the worker dies again and again (seed %i)', async seed => {
    const { ends, ...rest } = await reportOf(script(seed, true), { deadline: 50_000 })
    const wrong = ends.filter(([kind, end]) => end !== 'WorkerDiedError' && !kinds[kind].ends.includes(end))
    expect(wrong).toEqual([])
    expect(rest).toEqual({ joined: true, queued: 0, running: 0 })
  })
})
