#!/usr/bin/env node
/* The command `async-pool`. What a run needs is loaded only for a run: help should be there at once. */
import { parseCommandLine } from './command-line.js'
import { Status } from './status.js'
import { UsageError } from './usage-error.js'

function ignore(): void {}

async function main(): Promise<number> {
  process.stderr.on('error', () => {}) // nobody reads it any more, and that is no reason to fail
  process.stdout.on('error', ignore) // of help too: `--help | head`
  try {
    const settings = parseCommandLine(process.argv.slice(2))
    if (typeof settings === 'number') return settings
    process.stdout.off('error', ignore) // a run has a use for it
    const { run } = await import('./run.js')
    return await run(settings)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`async-pool: ${error.message}\n`)
    return Status.Usage
  }
}

process.exitCode = Status.SomeFailed // unless it comes to its end, which says otherwise
main().then(status => {
  process.exitCode = status
})
