/* The rows of the table: which check a cell comes from, and how what was seen is put into words. */

/** What the calls are given where the library takes a timeout, in ms. */
export const timeout = 500

/**
 * @typedef {object} Row
 * @property {string} title
 * @property {string[]} checks
 * @property {(library: import('./libraries/types.mjs').LibraryModule) => object} [options] for `observe`
 * @property {boolean} [retry] with a timeout if the call hangs and the library has timeouts
 * @property {(seen: Seen, library: import('./libraries/types.mjs').LibraryModule) => string} cell
 */

/** @typedef {Record<string, import('./observe.mjs').Observation>} Seen `<check> in time`: the retry */

const withTimeout = ({ hasTimeout }) => (hasTimeout ? { timeout } : {})

// The flag bounds each thread, and overrules `resourceLimits`: it is only for those that do not take them.
const withBoundedHeap = ({ hasLimits }) => (hasLimits ? {} : { execArgv: ['--max-old-space-size=64'] })

/** @type {Row[]} */
export const rows = [
  {
    title: 'Tasks in flight at once, of 10 handed over',
    checks: ['inFlight', 'inFlightByDefault'],
    cell({ inFlight, inFlightByDefault }, { awaited }) {
      const set = returned(inFlight, 'atOnce')
      const unset = returned(inFlightByDefault, 'atOnce')
      const atOnce = set === unset ? `${set}` : `${set} if set so, else ${unset}`
      return awaited ? `${atOnce}; ${returned(inFlight, 'answered')} answers after yielding` : atOnce
    },
  },
  {
    title: 'Blocks when the queue is full',
    checks: ['backpressure'],
    cell({ backpressure }) {
      if (backpressure.steps.blocked === undefined) return 'n/a: no queue'
      if (returned(backpressure, 'blocked') > 0) return 'yes'
      const refused = backpressure.steps.refused?.returned ?? 0
      return refused > 0 ? `no: refuses ${refused} of 10` : 'no: takes all'
    },
  },
  {
    title: 'Worker calls `process.exit` during a call',
    checks: ['exit'],
    retry: true,
    cell: (seen, library) => asked(library, call(seen, 'exit')),
  },
  {
    title: 'The next call after that',
    checks: ['exit'],
    retry: true,
    cell: (seen, library) => asked(library, next(seen['exit in time'] ?? seen.exit)),
  },
  {
    title: 'Worker runs out of memory; the next call',
    checks: ['memory'],
    options: withBoundedHeap,
    retry: true,
    cell: (seen, library) => asked(library, callAndNext(seen, 'memory')),
  },
  {
    title: 'A promise that never settles; the next call',
    checks: ['never'],
    options: withTimeout,
    cell: (seen, library) => asked(library, callAndNext(seen, 'never')),
  },
  {
    title: 'An endless loop; the next call',
    checks: ['loop'],
    options: withTimeout,
    cell: (seen, library) => asked(library, callAndNext(seen, 'loop')),
  },
  {
    title: 'A result that cannot be cloned; the next call',
    checks: ['uncloneable'],
    cell: (seen, library) => asked(library, callAndNext(seen, 'uncloneable')),
  },
  {
    title: 'Error class (`RangeError`) and `code`',
    checks: ['error'],
    cell({ error }, library) {
      const { isRangeError, code } = error.steps.call.threw
      return asked(library, `${kept(isRangeError, 'class')}, ${kept(code === 'E', '`code`')}`)
    },
  },
  {
    title: '`console.log` of the worker shows',
    checks: ['output', 'outputThenExit'],
    cell({ output: { steps, loggedAt }, outputThenExit }) {
      if (loggedAt === undefined) return 'never'
      // The task sleeps for a second after its line; after the call the caller is busy for half a second.
      if (loggedAt < steps.call.at - 300) return 'at once'
      if (loggedAt < steps.busy.at) return 'when the call returns'
      return `when the caller yields${outputThenExit.loggedAt === undefined ? ' (lost if it exits)' : ''}`
    },
  },
  {
    title: 'Unfinished work at `process.exit`',
    checks: ['atExit'],
    cell({ atExit }) {
      if (atExit.steps.exit === undefined) return 'n/a: calls only'
      return atExit.notes.includes('end') ? 'done' : 'lost'
    },
  },
  {
    title: 'Runs',
    checks: ['plainModule', 'inline'],
    cell({ plainModule, inline }) {
      const runs = [
        ...(plainModule.steps.call?.returned === 7 ? ['any export'] : []),
        ...(inline.steps.call?.returned === 7 ? ['inline functions'] : []),
      ]
      return runs.join(', ') || 'a worker file written for it'
    },
  },
]

/** What a library whose calls return promises does is no answer to what synchronous code can see. */
const asked = ({ awaited }, text) => (awaited ? `n/a (awaited: ${text})` : text)

const kept = (is, what) => `${what} ${is ? 'kept' : 'lost'}`

/** @throws {Error} if the step went otherwise: then it is the check that is wrong */
function returned({ steps }, step) {
  if (steps[step]?.returned === undefined) throw new Error(`${step}: ${JSON.stringify(steps)}`)
  return steps[step].returned
}

/** How the call ended, by itself or only since it had a timeout in a second try. */
function call(seen, check) {
  const first = outcome(seen[check], 'call')
  const retried = seen[`${check} in time`]
  if (retried === undefined) return first
  const second = outcome(retried, 'call')
  return second === first ? first : `${first} (with a timeout: ${second})`
}

function callAndNext(seen, check) {
  const last = seen[`${check} in time`] ?? seen[check]
  return last.steps.next === undefined ? call(seen, check) : `${call(seen, check)}; ${next(last)}`
}

function next(observation) {
  const { call, next } = observation.steps
  if (next === undefined) return '–'
  if (next.returned === 2) return 'works'
  const same = next.threw !== undefined && next.threw.message === call.threw?.message
  return same ? 'fails likewise' : outcome(observation, 'next')
}

function outcome({ steps, late }, step) {
  const { ended, threw, returned } = steps[step]
  if (ended === false) return late ? 'hangs' : 'the process dies'
  if (threw === undefined) return `returns \`${returned}\``
  return threw.isError ? `\`${threw.name}\`` : 'throws a non-`Error`'
}
