import { Calls } from './calls.js'
import { Checkpoint } from './checkpoint/checkpoint.js'
import { EarlierRows } from './checkpoint/done-rows.js'
import { identityOf } from './checkpoint/identity.js'
import { applyEnvFiles } from './env-files.js'
import { FailureNotes } from './failure-notes.js'
import { checkFiles } from './files.js'
import { InputDigest } from './input/digest.js'
import { createParser, type ReadingProgress, readRows } from './input/read-rows.js'
import { Source } from './input/source.js'
import { Interrupts } from './interrupts.js'
import { checkAddress } from './module.js'
import { Committer } from './outcomes/committer.js'
import { createOrder } from './outcomes/order.js'
import { openSinks } from './outcomes/sink.js'
import { createProgress, type Progress, say } from './progress/progress.js'
import type { Report } from './report/report.js'
import { Rows } from './rows.js'
import type { Settings } from './settings.js'
import { Status, statusOf } from './status.js'
import { Stop } from './stop.js'
import { summaryOf } from './summary.js'
import { startTally, type Tally } from './tally.js'
import { messageOf, UsageError } from './usage-error.js'

/** What a run begins with. */
interface Parts {
  settings: Settings
  stop: Stop
  source: Source
  calls: Calls
  checkpoint: Checkpoint | undefined
  /** Of an input that cannot be recognized beforehand. */
  digest: InputDigest | undefined
  report: Report | undefined
  interrupts: Interrupts
}

/**
 * `async-pool run`, from the opening of files to the exit status.
 *
 * @throws {UsageError} if it cannot begin, or the function turns out not to be there
 */
export async function run(settings: Settings): Promise<number> {
  checkAddress(settings)
  checkFiles(settings)
  applyEnvFiles(settings.envFile ?? [])
  const stop = new Stop()
  const interrupts = new Interrupts(stop)
  const source = Source.open(settings.input)
  const report = await openReport(settings)
  const calls = new Calls(settings, stop, report)
  interrupts.calls = calls
  try {
    const fingerprint = await source.fingerprint()
    const checkpoint = await openCheckpoint(settings, fingerprint)
    const digest = checkpoint && fingerprint === undefined ? new InputDigest(checkpoint.marks) : undefined
    await calls.checkModule() // before the files of results are emptied
    if (stop.isRequested) return statusOf(stop.reason, 0)
    return await runRows({ settings, stop, source, calls, checkpoint, digest, report, interrupts })
  } finally {
    source.close()
    await calls.close()
    interrupts.ignore()
  }
}

/** What it takes to make a page of charts is loaded only for that. */
async function openReport({ report }: Settings): Promise<Report | undefined> {
  if (report === undefined) return undefined
  const { Report } = await import('./report/report.js')
  return Report.open(report)
}

async function openCheckpoint(
  settings: Settings,
  fingerprint: string | undefined,
): Promise<Checkpoint | undefined> {
  if (settings.checkpoint === undefined) return undefined
  return Checkpoint.open(settings.checkpoint, identityOf(settings, fingerprint))
}

async function runRows(parts: Parts): Promise<number> {
  const { settings, stop, source, calls, checkpoint, digest } = parts
  const start = performance.now()
  const tally = startTally(checkpoint)
  const reading: ReadingProgress = { bytes: 0, rows: 0, isOver: false }
  const order = createOrder(settings.ordered === true, checkpoint?.earlier?.standing.written ?? 0)
  const committer = new Committer({
    ...(await openSinks(settings, checkpoint?.earlier)),
    order,
    checkpoint,
    mark: () => digest?.mark(),
    onCommitted: entries => rows.onCommitted(entries),
    onLost: entries => rows.onLost(entries),
    onUnread: () => stop.request({ kind: 'unread' }),
    onBroken: error => stop.request({ kind: 'broken', error }),
  })
  await resume(committer)
  const rows = new Rows({ settings, stop, tally, calls, order, committer })
  const progress = await createProgress(settings.quiet === true, { tally, calls, reading, size: source.size })
  watch(parts, rows, progress)

  const parser = await createParser(settings.format, settings.spread === true)
  const done = checkpoint?.done ?? new EarlierRows()
  await rows.run(readRows({ source, parser, digest, done, signal: stop.signal, progress: reading }))
  const isWhole = !stop.isRequested
  await committer.finish(stop.reason?.kind !== 'broken')
  progress.stop()
  return conclude(parts, tally, (performance.now() - start) / 1000, isWhole)
}

async function resume(committer: Committer): Promise<void> {
  try {
    await committer.resume()
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
}

/** Tells whoever wants to know what goes on. */
function watch({ settings, calls, source, report, interrupts }: Parts, rows: Rows, progress: Progress): void {
  const notes = new FailureNotes(settings, text => progress.say(text))
  rows.onFailure = (entry, row) => {
    report?.fail(entry, row)
    notes.add(entry)
  }
  rows.onDone = entries => report?.count(entries)
  report?.watch(calls, settings.size)
  interrupts.onFirst = () => progress.say('waiting for the calls that are running; Ctrl-C again ends at once')
  interrupts.onSecond = () => progress.stop()
  if (source.isTerminal) progress.say('reading rows from the terminal; Ctrl-D ends them')
}

/** @param isWhole - all rows were read and done before the files were closed */
async function conclude(
  { settings, stop, report }: Parts,
  tally: Tally,
  seconds: number,
  isWhole: boolean,
): Promise<number> {
  const { reason } = stop
  if (reason?.kind === 'broken' && reason.error instanceof UsageError) throw reason.error
  if (reason?.kind === 'broken') say(`broken off: ${messageOf(reason.error)}`)
  if (!settings.quiet && reason?.kind !== 'unread')
    for (const line of summaryOf(tally, seconds, isWhole ? undefined : reason, settings)) say(line)
  const status = statusOf(reason, tally.failed)
  try {
    await report?.write(settings, tally, seconds, reason)
    return status
  } catch (error) {
    say(`cannot write --report ${settings.report}: ${messageOf(error)}`)
    return status || Status.SomeFailed
  }
}
