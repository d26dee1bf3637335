import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { groups } from '../faults/support/cells.mjs'
import { initializers, modules, preloads } from '../faults/support/failing.mjs'
import { parseLines, runChild } from '../faults/support/run-child.mjs'
import { deathsOf, losesWork, runGroup } from '../faults/support/run-group.mjs'

const path = relative => fileURLToPath(new URL(relative, import.meta.url))
const root = path('../..')

/**
 * @typedef {{ problem?: string, cells?: number, deaths?: number, latencies?: { cell: string, latency: number }[] }} Outcome
 * @typedef {{ name: string, run: (runtime: object) => Promise<Outcome> }} Check
 */

/** Each in a process of its own. @returns {Check[]} */
export function checks() {
  return [...plainChecks(), ...processEnds, ...failures(), ...faults(), ...faultsWithoutProbe()]
}

function runIn({ program, flags = [] }, args, options) {
  const env = { ...process.env, NO_COLOR: '1' }
  return runChild([...flags, ...args], { command: program, cwd: root, env, ...options })
}

/** The first thing that is not as wanted. What Bun and Deno themselves say on stderr is their own affair. */
function problemOf(ended, { code = 0, signal = null, lines, stderr }) {
  if (ended.timedOut) return `hangs; printed ${JSON.stringify(ended.stdout)}`
  const printed = ended.stdout.split('\n').filter(Boolean)
  const as = value => JSON.stringify(value)
  if (ended.code !== code || ended.signal !== signal)
    return `ended with ${ended.code ?? ended.signal}, not ${code ?? signal}: ${errorIn(ended.stderr)}`
  if (as(printed) !== as(lines)) return `printed ${as(printed.slice(0, 5))}, not ${as(lines.slice(0, 5))}`
  if (stderr !== undefined && !stderr.test(ended.stderr)) return `said ${as(ended.stderr)}`
  return undefined
}

function errorIn(stderr) {
  return /^.*Error\b.*$/m.exec(stderr)?.[0].trim() ?? JSON.stringify(stderr.slice(0, 300))
}

function plainChecks() {
  const file = path('checks.cjs')
  const all = createRequire(import.meta.url)(file)
  return [...all].map(([name, check]) => ({
    name,
    async run(runtime) {
      const options = check.answer === undefined ? {} : { stdin: 'pipe', onSpawn: answering(check.answer) }
      return { problem: problemOf(await runIn(runtime, [file, name], options), check) }
    },
  }))
}

/** Sends a line when it has seen what it waits for. */
function answering({ to, text }) {
  return child => {
    let seen = ''
    child.stdout.on('data', chunk => {
      seen += chunk
      if (seen.includes(to)) child.stdin.end(text)
    })
  }
}

/** Of test/faults/support/exit-child.cjs: what is sent to it, and what is to come of it. */
const processEnds = [
  {
    name: 'drain timeout',
    code: 1,
    lines: [],
    stderr: /gave up on 1 task .* after 100 ms: stalls.mjs#sleep/,
  },
  { name: 'drain timeout, loop', code: 1, lines: [], stderr: /gave up on 1 task .*: stalls.mjs#block/ },
  { name: 'drain timeout, own code', code: 5, lines: [], stderr: /gave up on 1 task/ },
  { name: 'no drain', code: 0, lines: [] },
  { name: 'signal', signals: ['SIGTERM'], code: 143, lines: ['ready', 'drained'] },
  { name: 'two signals', signals: ['SIGTERM', 'SIGTERM'], code: null, signal: 'SIGTERM', lines: ['ready'] },
  {
    name: 'own listener',
    signals: ['SIGTERM'],
    code: 9,
    lines: ['ready', 'own listener', 'drained', 'own end'],
  },
  {
    name: 'signal without the option',
    signals: ['SIGTERM'],
    code: null,
    signal: 'SIGTERM',
    lines: ['ready'],
  },
].map(({ name, signals = [], ...wanted }) => ({
  name: `process end: ${name}`,
  async run(runtime) {
    const onSpawn = child => sending(child, signals)
    const ended = await runIn(runtime, [path('../faults/support/exit-child.cjs'), name], { onSpawn })
    return { problem: problemOf(ended, wanted) }
  },
}))

/** The first signal when the child is ready, the second one a little later: it must find the first at work. */
function sending(child, [first, second]) {
  if (first === undefined) return
  child.stdout.once('data', () => {
    child.kill(first)
    if (second !== undefined) setTimeout(() => child.kill(second), 200)
  })
}

function failures() {
  const program = path('../faults/support/failing-child.mjs')
  const kinds = { module: modules, preload: preloads, initializer: initializers }
  return Object.entries(kinds).flatMap(([kind, list]) =>
    list.map(([name, wanted]) => ({
      name: `${kind} ${name}`,
      async run(runtime) {
        const folder = mkdtempSync(join(tmpdir(), 'failing-'))
        const args = [program, kind, name, 'result', join(folder, 'syntax.mjs')]
        const { stdout, stderr, code, timedOut } = await runIn(runtime, args)
        rmSync(folder, { recursive: true })
        const [record] = parseLines(stdout).records
        const survives = kind === 'module'
        const outcome = { deaths: survives ? 0 : 2 } // the first worker and its one replacement
        if (record === undefined) return { ...outcome, problem: timedOut ? 'hangs' : errorIn(stderr) }
        const { chain, neighbour } = record
        const isRight =
          wanted.test(chain.join(' ← ')) &&
          code === 0 &&
          (survives ? neighbour === 'unharmed' : record.code === 'ERR_BROKEN_EXECUTOR')
        return isRight ? outcome : { ...outcome, problem: JSON.stringify({ ...record, exitCode: code }) }
      },
    })),
  )
}

/** Groups of cells of the fault matrix. All ways to wait are in each; those of an exit drain make one check too. */
function faults() {
  const names = new Map()
  for (const group of groups) {
    const name = `${group.cause}, ${group.moment}`
    names.set(name, [...(names.get(name) ?? []), group])
  }
  return [...names].map(([name, list]) => ({ name, run: runtime => runFaults(list, runtime) }))
}

function faultsWithoutProbe() {
  return groups
    .filter(({ moment }) => moment === 'running')
    .map(group => ({
      name: `without the probe: ${group.cause}, ${group.moment}`,
      run: runtime => runFaults([group], runtime, { APE_NO_PROBE: '1' }),
    }))
}

async function runFaults(list, { program, flags, isNode }, extraEnv) {
  const env = { ...process.env, NO_COLOR: '1', ...extraEnv }
  const outcome = { cells: 0, deaths: 0, latencies: [] }
  for (const group of list) {
    const { code, stderr, problems, latencies } = await runGroup(group, { command: program, flags, env })
    outcome.cells += group.cells.length
    outcome.deaths += deathsOf(group)
    outcome.latencies.push(...latencies)
    outcome.problem ??= problems[0]
    if (isNode && (stderr !== '') !== losesWork(group)) outcome.problem ??= `said ${JSON.stringify(stderr)}`
    if (isNode && code !== (losesWork(group) ? 1 : 0)) outcome.problem ??= `ended with ${code}`
  }
  return outcome
}
