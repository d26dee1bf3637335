import type { Mark } from '../input/digest.js'
import type { Entry } from '../outcomes/entry.js'
import type { Position } from '../outcomes/sink.js'
import type { Range } from './done-rows.js'
import type { Identity } from './identity.js'

/*
 * A checkpoint is a file of JSON lines: a header, where things stood when it was last rewritten, and what has come
 * since. Results are kept in it until they are safely in their own file, so that no call is made twice to get one.
 */

export interface Header {
  checkpoint: 'async-pool'
  version: 1
  run: Identity
}

/** Where things stood when the file was written. */
export interface Standing {
  /** All rows below are done. */
  next: number
  /** What else is. */
  done: readonly Range[]
  ok: number
  failed: number
  /** With --ordered: all rows below are in the files of results. */
  written: number
  /** So many of the rows that follow this record are counted in it; they wait for those before them. */
  held: number
  output: Position
  errors: Position | undefined
  /** By which the input is recognized, if it is a pipe: its first bytes, and all that was read. */
  marks: readonly Mark[]
}

/** How many lines have gone to where they cannot be cut off again. */
export interface Acknowledged {
  output?: number
  errors?: number
}

/** What has come since, in order. */
export type Change = { row: Entry } | { read: Mark } | { lines: Acknowledged }

/** The line stands in it as it is: it is JSON already. */
export function encodeRow({ index, ok, line }: Entry): string {
  return `{"row":${index},"ok":${ok}${line === undefined ? '' : `,"line":${line}`}}\n`
}

export function encode(
  record: { header: Header } | { standing: Standing } | Exclude<Change, { row: Entry }>,
): string {
  return `${JSON.stringify(record)}\n`
}

/** Undefined for what is no record. */
export function decode(text: string): Change | { header: Header } | { standing: Standing } | undefined {
  let record: unknown
  try {
    record = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof record !== 'object' || record === null) return undefined
  if ('row' in record) return decodeRow(text)
  return 'header' in record || 'standing' in record || 'read' in record || 'lines' in record
    ? (record as ReturnType<typeof decode>)
    : undefined
}

function decodeRow(text: string): { row: Entry } | undefined {
  const [, index, ok, line] = text.match(/^\{"row":(\d+),"ok":(true|false)(?:,"line":(.*))?\}$/s) ?? []
  return index === undefined ? undefined : { row: { index: Number(index), ok: ok === 'true', line } }
}
