import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command, CommanderError, Option } from 'commander'
import { parseFile, parseOwnFile } from './file-names.js'
import { countFrom, parseDuration, parseRate, parseTimeout } from './quantities.js'
import { type RunOptions, type Settings, settle } from './settings.js'
import { Status } from './status.js'

const overview = `
Examples:
  cat urls.txt | async-pool run ./tasks.mjs fetchPage --size 50 > pages.ndjson
  async-pool run ./tasks.mjs resize --input jobs.csv --format csv --retries 3
  async-pool run --help`

const examples = `
Writes {"index":0,"ok":true,"value":…} or {"index":1,"ok":false,"error":{…}}.
Exit status: 0 all good, 1 some failed, 2 usage, 130 Ctrl-C (twice: at once).

Examples:
  cat urls.txt | async-pool run ./tasks.mjs fetchPage --size 50 --timeout 10s
  async-pool run ./tasks.mjs load -i users.csv -f csv --retries 3 --rate 100/m
  async-pool run ./tasks.mjs load -i all.txt -o done.ndjson -c all.checkpoint`

/**
 * Understands the arguments after `node cli.js`. Help and complaints are printed here, and leave only a status.
 *
 * @throws {UsageError} if options contradict each other
 */
export function parseCommandLine(args: readonly string[]): Settings | Status {
  let settings: Settings | undefined
  const program = createProgram((module, fn, options) => {
    settings = settle(module, fn, options)
  })
  try {
    program.parse([...args], { from: 'user' })
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? Status.AllGood : Status.Usage
    throw error
  }
  return settings ?? Status.Usage
}

type Action = (module: string, fn: string, options: RunOptions) => void

/** Options say their choices and defaults in their own words, which takes less space. */
const help = { optionDescription: ({ description }: Option) => description, helpWidth: 80 }

function createProgram(action: Action): Command {
  const program = new Command('async-pool')
    .description('Runs an async function over a stream of inputs: bounded, retried, resumable.')
    .version(version())
    .exitOverride()
    .configureHelp(help)
    .addHelpText('after', overview)
  const run = program
    .command('run')
    .usage('<module> <function> [options]')
    .summary('call an exported function for each row of the input')
    .description('Calls an exported function for each row of the input, so many at a time.')
    .argument('<module>')
    .argument('<function>')
    .configureHelp({ ...help, visibleArguments: () => [] })
    .addHelpText('after', examples)
    .action(action)
  for (const option of runOptions()) run.addOption(option)
  return program
}

function runOptions(): Option[] {
  return [
    new Option('-i, --input <file>', 'read rows from a file, not from stdin').argParser(parseFile),
    new Option('-f, --format <name>', 'lines, ndjson, or csv with a header (lines)').choices([
      'lines',
      'ndjson',
      'csv',
    ]),
    new Option('--spread', 'rows are JSON arrays: pass their items as arguments'),
    new Option('-s, --size <n>', 'calls running at once (10)').argParser(countFrom(1)).default(10),
    new Option('--queue-size <n>', 'calls waiting for a slot (as --size)').argParser(countFrom(0)),
    new Option('--timeout <time>', 'of each call: 500 (ms), 5s, 2m').argParser(parseTimeout),
    new Option('--retries <n>', 'further tries of a call that fails (0)').argParser(countFrom(0)).default(0),
    new Option('--retry-delay <time>', 'before the first retry, then doubling (500ms)')
      .argParser(parseDuration)
      .default(500),
    new Option('--rate <n/unit>', 'start calls at most so often: 10/s, 100/m').argParser(parseRate),
    new Option('--offload', 'for CPU work: on a pool of threads'),
    new Option('--env-file <file>', 'environment variables for the calls; repeatable').argParser(collect),
    new Option('--ordered', 'results in the order of the input'),
    new Option('--fail-fast', 'stop at the first failure'),
    new Option('-o, --output <file>', 'write results there, not to stdout').argParser(parseFile),
    new Option('-e, --errors <file>', 'write failures there, not among the results').argParser(parseOwnFile),
    new Option('--values', 'write only the values of what succeeds'),
    new Option('-q, --quiet', 'no progress and no summary on stderr'),
    new Option('-c, --checkpoint <file>', 'go on where an interrupted run stopped').argParser(parseOwnFile),
    new Option('-r, --report <file>', 'write an HTML page with charts of the run').argParser(parseOwnFile),
  ]
}

function collect(file: string, files: string[] = []): string[] {
  return [...files, parseFile(file)]
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'))
  return (manifest as { version: string }).version
}
