// usage: node child.mjs <library> <check> <file> [timeout in ms]; tells on descriptor 3 how each step went
import { writeSync } from 'node:fs'
import { checks } from './checks.mjs'

const [name, check, file, timeout] = process.argv.slice(2)
const library = await import(`./libraries/${name}.mjs`)

const create = options => library.create({ ...options, ...(timeout && { timeout: Number(timeout) }) })

for (const [step, run, { awaited = library.awaited } = {}] of checks[check]({ ...library, create }, file)) {
  tell({ step, begins: true })
  const start = Date.now()
  const seen = outcome => tell({ step, ...outcome, ms: Date.now() - start, at: Date.now() })
  try {
    let value = run()
    // Only for those that need it: an `await` lets the event loop turn.
    if (awaited) value = await value
    seen({ returned: value === undefined ? 'undefined' : value })
  } catch (error) {
    seen({ threw: describe(error) })
  }
}
tell({ step: 'end' })

function tell(record) {
  writeSync(3, `${JSON.stringify(record)}\n`)
}

function describe(error) {
  return {
    isError: error instanceof Error,
    isRangeError: error instanceof RangeError,
    name: error?.constructor?.name ?? String(error),
    code: error?.code,
    message: String(error?.message ?? error).slice(0, 200),
  }
}
