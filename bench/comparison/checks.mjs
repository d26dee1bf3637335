/*
 * What a child does, for each check. A check yields steps; how they are run, blocking or awaited, is up to
 * the child: between the steps of a blocking library the event loop must not turn, since it does not turn in
 * synchronous code either.
 */
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const count = 10

const block = ms => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)

/** Calls a task that does not go well, then one that should. */
const failing = (task, options) =>
  function* ({ create }) {
    const library = create({ size: count, ...options })
    yield ['start', () => library.call('echo', 1)]
    yield ['call', () => library.call(task)]
    yield ['next', () => library.call('echo', 2)]
  }

/** Hands over many tasks and looks how many of them overlapped. */
const handing = options =>
  function* ({ create, awaited }, file) {
    const library = create(options)
    yield ['start', () => library.call('echo', 1)]
    const arg = { file, ms: 200 }
    let handed
    yield [
      'atOnce',
      () => {
        const hand = library.submit ?? library.call
        handed = Array.from({ length: count }, () => hand('nap', arg))
        library.join?.()
        // Synchronous code can do no more than give it the time that the tasks would take one after another.
        if (awaited) block(count * arg.ms + 500)
        return mostAtOnce(file)
      },
    ]
    if (!awaited) return
    yield ['answered', async () => (await Promise.allSettled(handed)).length - (await refusals(handed))]
  }

export const checks = {
  exit: failing('exit'),
  memory: failing('eatMemory', { resourceLimits: { maxOldGenerationSizeMb: 32 } }),
  never: failing('neverAnswer'),
  loop: failing('loopForEver'),
  uncloneable: failing('returnFunction'),
  error: failing('fail'),

  inFlight: handing({ size: count }),
  inFlightByDefault: handing({}),

  *backpressure({ create, awaited }, file) {
    const library = create({ size: 2, queueSize: 2 })
    if (library.submit === undefined) return
    yield ['start', () => library.call('echo', 1)]
    const handed = []
    yield [
      'blocked',
      () => {
        let blocked = 0
        for (let i = 0; i < count; i++) {
          const start = performance.now()
          handed.push(library.submit('nap', { file, ms: 200 }))
          if (performance.now() - start > 50) blocked++
        }
        return blocked
      },
    ]
    if (!awaited) return
    yield ['refused', () => refusals(handed)]
  },

  *output({ create, awaited }) {
    const library = create()
    yield ['start', () => library.call('echo', 1)]
    yield [
      'call',
      () => {
        const called = library.call('log')
        if (awaited) block(1000)
        else return called
      },
    ]
    yield ['busy', () => block(500)]
    yield ['yield', () => sleep(300), { awaited: true }]
  },

  *outputThenExit({ create, awaited }) {
    const library = create()
    yield ['start', () => library.call('echo', 1)]
    const called = library.call('log')
    if (awaited) {
      // What comes of the promise is lost with the process.
      called.catch(() => {})
      block(1000)
    }
    yield ['exit', () => process.exit(0)]
  },

  *atExit({ create }, file) {
    const library = create()
    if (library.submit === undefined) return
    yield ['start', () => library.call('echo', 1)]
    library.submit('nap', { file, ms: 300 })
    yield ['exit', () => process.exit(0)]
  },

  *plainModule({ callExport }) {
    if (callExport) yield ['call', () => callExport(new URL('./tasks.mjs', import.meta.url), 'echo', 7)]
  },

  *inline({ callInline }) {
    if (callInline) yield ['call', () => callInline(async value => value, 7)]
  },
}

async function refusals(promises) {
  return (await Promise.allSettled(promises)).filter(({ status }) => status === 'rejected').length
}

/** As the tasks' own notes tell it, also of those whose end nobody has heard of. */
function mostAtOnce(file) {
  if (!existsSync(file)) return 0
  let running = 0
  let most = 0
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    running += line.startsWith('start') ? 1 : -1
    most = Math.max(most, running)
  }
  return most
}
