import { Limit, limitOf } from './limits.mjs'

/** What a cell of the table says, and whether it makes the run fail. */
function verdict(runtime, name, outcome) {
  const limit = limitOf(runtime.name, name)
  if (outcome === undefined) return { cell: limit === undefined ? '–' : limit.kind, limit }
  const { problem } = outcome
  if (limit?.kind === Limit.Varies) return { cell: Limit.Varies, limit, problem }
  if (problem === undefined && limit === undefined) return { cell: 'ok' }
  if (problem === undefined) return { cell: 'ok (!)', limit, fails: true, problem: 'is no limit any more' }
  return limit === undefined ? { cell: 'FAILS', problem, fails: true } : { cell: limit.kind, limit, problem }
}

/**
 * Prints what each check came to in each runtime.
 *
 * @param {{ name: string, title: string, outcomes: Map<string, object> }[]} columns
 * @returns {boolean} whether all is as it is said to be
 */
export function printTable(columns) {
  const names = [...new Set(columns.flatMap(({ outcomes }) => [...outcomes.keys()]))]
  const wide = Math.max(...names.map(name => name.length)) + 2
  const row = (first, cells) =>
    console.log([first.padEnd(wide), ...cells.map(cell => cell.padEnd(14))].join(''))
  row(
    'check',
    columns.map(({ title }) => title),
  )
  const notes = new Map()
  let asSaid = true
  for (const name of names) {
    const verdicts = columns.map(column => ({ column, ...verdict(column, name, column.outcomes.get(name)) }))
    row(
      name,
      verdicts.map(({ cell }) => cell),
    )
    for (const { column, cell, limit, problem, fails } of verdicts) {
      if (fails) {
        asSaid = false
        note(notes, `${column.title}: ${problem}`, name)
      } else if (limit !== undefined) note(notes, `${column.title}, ${cell}: ${limit.why}`, name)
    }
  }
  for (const [text, about] of notes) console.log(`\n${text}\n  ${about.join('\n  ')}`)
  for (const column of columns) printCounts(column)
  return asSaid
}

function note(notes, text, name) {
  notes.set(text, [...(notes.get(text) ?? []), name])
}

function printCounts({ title, outcomes, seconds }) {
  const run = [...outcomes.values()].filter(outcome => outcome !== undefined)
  const passed = run.filter(({ problem }) => problem === undefined)
  const total = (list, count) => list.reduce((sum, outcome) => sum + count(outcome), 0)
  const cases = total(passed, outcome => outcome.cells ?? outcome.passed ?? 1)
  // What a check is to kill is known to have died only if the check passed, which looks at the restarts.
  const deaths = total(passed, outcome => outcome.deaths ?? 0)
  console.log(
    `\n${title}: ${passed.length} of ${run.length} checks passed in ${seconds} s: ${cases} cases, ${deaths} deaths of workers`,
  )
  for (const [way, belongs] of Object.entries(ways)) {
    const [worst] = run
      .flatMap(({ latencies = [] }) => latencies)
      .filter(belongs)
      .sort((one, other) => other.latency - one.latency)
    if (worst !== undefined) console.log(`  longest way ${way}: ${worst.latency} ms (${worst.cell})`)
  }
}

/** Nobody can note the moment of death of a thread that is out of memory: it is after its last allocation. */
const ways = {
  'from a death to the error': ({ cause, withReplacement }) => cause !== 'oom' && !withReplacement,
  'from a death to the next worker': ({ cause, withReplacement }) => cause !== 'oom' && withReplacement,
  'from the last allocation to the error': ({ cause, withReplacement }) =>
    cause === 'oom' && !withReplacement,
}
