import type { EarlierRows } from '../checkpoint/done-rows.js'
import type { Format } from '../settings.js'
import type { InputDigest } from './digest.js'
import { LineParser } from './lines.js'
import type { Row, RowParser } from './row.js'
import type { Source } from './source.js'

export interface Reading {
  source: Source
  parser: RowParser
  /** Only for an input that cannot be recognized beforehand. */
  digest: InputDigest | undefined
  /** Done by earlier runs, and so left out. */
  done: EarlierRows
  signal: AbortSignal
  /** How far it has got. */
  progress: ReadingProgress
}

export interface ReadingProgress {
  bytes: number
  /** Those that are left out too. */
  rows: number
  isOver: boolean
}

/** The rows that are to be done, as many at once as a chunk of the input has. An aborted reading just ends. */
export async function* readRows(reading: Reading): AsyncGenerator<Row[], void, undefined> {
  const { source, parser, digest, signal, progress } = reading
  /** What comes before the input is known to be the right one waits. */
  let waiting: Row[] = []
  for await (const chunk of source.chunks(signal)) {
    digest?.update(chunk)
    progress.bytes += chunk.length
    waiting.push(...missing(await parser.push(chunk), reading))
    if (digest !== undefined && !digest.isVerified) continue
    yield waiting
    waiting = []
  }
  if (signal.aborted) return // what comes last may be half a row
  digest?.end()
  waiting.push(...missing(await parser.end(), reading))
  progress.isOver = true
  yield waiting
}

function missing(rows: Row[], { done, progress }: Reading): Row[] {
  progress.rows += rows.length
  return rows.filter(row => !done.has(row.index))
}

export async function createParser(format: Format, spread: boolean): Promise<RowParser> {
  if (format !== 'csv') return new LineParser(format === 'lines' ? 'text' : spread ? 'arguments' : 'json')
  const { CsvParser } = await import('./csv.js')
  return new CsvParser()
}
