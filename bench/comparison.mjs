/*
 * usage: node bench/comparison.mjs [--raw]: what this package and others do in bad moments. Every cell is
 * what a child process really did; `--raw` also prints what was seen.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { deadline, observe } from './comparison/observe.mjs'
import { rows, timeout as rowTimeout } from './comparison/rows.mjs'

const names = [
  'async-pool-executor',
  'synckit',
  'make-synchronized',
  'make-synchronous',
  'sync-message-port',
  'piscina',
]
const raw = process.argv.includes('--raw')

/** For a call that hung: longer than any task takes that does end. */
const retryTimeout = 2000

const libraries = await Promise.all(names.map(name => import(`./comparison/libraries/${name}.mjs`)))
const observations = new Map()

const cells = names.map(() => [])
// In parallel it would be quicker, but the machine too busy to tell what hangs from what is slow.
for (const row of rows) {
  for (let i = 0; i < names.length; i++) cells[i].push(await fill(row, names[i], libraries[i]))
  console.error(`${row.title}: done`)
}

const table = [
  ['', ...names.map(name => `${name} ${versionOf(name)}`)],
  ['---', ...names.map(() => '---')],
  ...rows.map(({ title }, i) => [title, ...cells.map(column => column[i])]),
]
const text = `${table.map(line => `| ${line.join(' | ')} |`).join('\n')}

Seen on Node ${process.versions.node}, ${process.platform}; written by \`node bench/comparison.mjs\`.

- All of it is seen from code that does not yield, after a first call that went well.
- Hangs: no answer within ${deadline / 1000} s. –: never reached.
- A promise that never settles and an endless loop get a timeout of ${rowTimeout / 1000} s where the library
  has one (async-pool-executor: also \`hangTimeout\`). Others get one only in a second try, after they hung.
- Memory is bounded by \`resourceLimits\` where the library takes them, otherwise by \`--max-old-space-size\`.
- sync-message-port is a channel: its calls are a minimal protocol, written for this table.
- piscina returns promises, which synchronous code cannot wait for; "awaited" is what comes of them once it
  yields. It has one thread here, set to take 10 tasks at once (2 in the row on the full queue, with a
  queue of 2 as async-pool-executor has it); "else" is with its defaults.
`
mkdirSync(new URL('./results/', import.meta.url), { recursive: true })
writeFileSync(new URL('./results/comparison.md', import.meta.url), text)
console.log(text)

async function fill(row, name, library) {
  const seen = {}
  for (const check of row.checks) {
    seen[check] = await observeOnce(name, check, row.options?.(library))
    if (!row.retry || !library.hasTimeout || seen[check].steps.call?.ended !== false) continue
    seen[`${check} in time`] = await observeOnce(name, check, {
      ...row.options?.(library),
      timeout: retryTimeout,
    })
  }
  return row.cell(seen, library)
}

/** Rows may share a check. */
async function observeOnce(name, check, options) {
  const key = JSON.stringify([name, check, options])
  const seen = observations.get(key) ?? (await observe(name, check, options))
  if (raw && !observations.has(key)) console.error(key, JSON.stringify(seen))
  observations.set(key, seen)
  return seen
}

function versionOf(name) {
  const folder = name === 'async-pool-executor' ? '../' : `../node_modules/${name}/`
  return JSON.parse(readFileSync(new URL(`${folder}package.json`, import.meta.url), 'utf8')).version
}
