/*
 * `npm run test:runtimes`: the checks on every runtime, each in a process of its own, and test files that may differ
 * with vitest on each Node but the one that runs this, which `npx vitest run` is for. `--only "Node 22"` runs one
 * runtime, `--full` all test files with vitest.
 */
import { inParallel } from '../faults/support/run-child.mjs'
import { programOf } from './install.mjs'
import { Limit, limitOf, refuseStaleLimits, runtimes } from './limits.mjs'
import { checks } from './suite.mjs'
import { printTable } from './table.mjs'
import { quick, runVitest } from './vitest.mjs'

const options = process.argv.slice(2)
const only = options.includes('--only') ? options[options.indexOf('--only') + 1] : undefined
const full = options.includes('--full')
const atOnce = 4

async function runAll(runtime) {
  const start = Date.now()
  const toRun = checks().filter(({ name }) => limitOf(runtime.name, name)?.kind !== Limit.NotRun)
  const results = await inParallel(toRun, atOnce, check => check.run(runtime))
  const outcomes = new Map(checks().map(({ name }) => [name, undefined]))
  for (const [index, { name }] of toRun.entries()) outcomes.set(name, results[index])
  if (runtime.isNode && (full || runtime.version !== process.versions.node))
    for (const outcome of await runVitest(runtime.program, full ? [] : quick))
      outcomes.set(outcome.name, outcome)
  const seconds = Math.round((Date.now() - start) / 1000)
  console.log(`${runtime.title}: done in ${seconds} s`)
  return { ...runtime, outcomes, seconds }
}

const chosen = runtimes.filter(({ name }) => only === undefined || name === only)
if (chosen.length === 0) throw new Error(`there is no runtime '${only}'`)
refuseStaleLimits(checks().map(({ name }) => name))
const installed = chosen.map(runtime => {
  const { program, version } = programOf(runtime.install)
  return { ...runtime, program, version, title: `${runtime.name.replace(/ .*/, '')} ${version}` }
})
const columns = []
for (const runtime of installed) columns.push(await runAll(runtime))
process.exitCode = printTable(columns) ? 0 : 1
