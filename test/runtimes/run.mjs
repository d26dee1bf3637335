/*
 * `npm run test:runtimes`: the checks on every runtime, each in a process of its own. `--only "Node 22"` runs one
 * runtime, `--full` also runs the fault and security tests with vitest on each supported runtime.
 */
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { inParallel, runChild } from '../faults/support/run-child.mjs'
import { programOf } from './install.mjs'
import { limits, runtimes } from './limits.mjs'

const file = fileURLToPath(new URL('checks.cjs', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))
const { names, codes, outputs } = createRequire(import.meta.url)(file)
const options = process.argv.slice(2)
const only = options.includes('--only') ? options[options.indexOf('--only') + 1] : undefined

const columns = []
for (const runtime of runtimes) {
  if (only !== undefined && runtime.name !== only) continue
  const program = programOf(runtime.install)
  const version = await runChild(['--version'], { command: program })
  const [release] = /\d+\.\d+\.\d+/.exec(version.stdout) ?? ['?']
  const results = await inParallel(names, 2, name => check(program, runtime, name))
  columns.push({ ...runtime, title: `${runtime.name.replace(/ .*/, '')} ${release}`, program, results })
}

async function check(program, runtime, name) {
  const first = runtime.name === 'Deno' ? ['run', '-A', '--no-lock'] : []
  const child = await runChild([...first, file, name], { command: program, cwd: root, deadline: 20_000 })
  const { code, stdout, stderr, timedOut, signal } = child
  const wanted = outputs[name] ?? 'done'
  const ok = code === (codes[name] ?? 0) && stdout.split('\n').includes(wanted)
  if (ok) return { ok }
  const error =
    /^.*Error.*$/m.exec(stderr)?.[0] ?? `code ${code ?? signal}, printed ${JSON.stringify(stdout)}`
  return { ok, problem: timedOut ? 'hangs' : error.trim() }
}

let failed = false
console.log(['check'.padEnd(42), ...columns.map(({ title }) => title.padEnd(14))].join(''))
for (const [index, name] of names.entries()) {
  const cells = columns.map(column => {
    const { ok } = column.results[index]
    const isLimit = limits[column.name]?.[name] !== undefined
    if (ok) return isLimit ? 'ok (!)' : 'ok'
    return isLimit ? 'limit' : 'FAILS'
  })
  console.log([name.padEnd(42), ...cells.map(cell => cell.padEnd(14))].join(''))
}

for (const column of columns) {
  const known = limits[column.name] ?? {}
  for (const [index, name] of names.entries()) {
    const { ok, problem } = column.results[index]
    if (ok && known[name] !== undefined)
      console.log(`\n${column.title}: "${name}" works now: no limit any more`)
    if (ok) continue
    console.log(`\n${column.title}: ${name}\n  ${problem}${known[name] ? `\n  known: ${known[name]}` : ''}`)
    if (known[name] === undefined) failed = true
  }
}

if (options.includes('--full'))
  for (const { title, supported, program } of columns.filter(column => column.supported)) {
    const tests = ['node_modules/vitest/vitest.mjs', 'run', 'test/faults', 'test/proof/security.test.mjs']
    const { code, stdout, stderr } = await runChild(tests, { command: program, cwd: root, deadline: 600_000 })
    console.log(
      `\n${title}, vitest, ${supported ? 'supported' : ''}: code ${code}\n${stdout.slice(-2_000)}${stderr}`,
    )
    if (code !== 0) failed = true
  }

process.exitCode = failed ? 1 : 0
