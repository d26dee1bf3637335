import type { RowProblem } from '../input/row.js'
import type { Outcome } from '../outcome.js'
import { type DescribedError, describeError, toJson } from './json.js'

/** What has become of a row, ready to be written. */
export interface Entry {
  readonly index: number
  readonly ok: boolean
  /** Without its end of line; undefined if nothing is to be written. */
  readonly line: string | undefined
  /** Why it failed; not known for rows of an earlier run. */
  readonly error?: DescribedError
}

/** What is written of rows. */
export interface Wording {
  /** Of what succeeds only the value. */
  values?: boolean
  /** There is a file for failures, which says all of them. */
  errors?: string
}

export function entryOf(index: number, outcome: Outcome, wording: Wording): Entry {
  if (!outcome.ok) return failed(index, describeError(outcome.error), wording)
  try {
    const value = toJson(outcome.value)
    return { index, ok: true, line: wording.values ? value : `{"index":${index},"ok":true,"value":${value}}` }
  } catch (error) {
    const { name, message } = describeError(error)
    const explained = `its value cannot be written as JSON: ${message}`
    return failed(index, withoutStack(name, explained, 'ERR_NOT_JSON'), wording)
  }
}

/** For a row that is no input for a call. */
export function entryOfProblem(index: number, { name, message }: RowProblem, wording: Wording): Entry {
  return failed(index, withoutStack(name, message, 'ERR_INVALID_ROW'), wording)
}

function failed(index: number, error: DescribedError, { values, errors }: Wording): Entry {
  const isSaid = !values || errors !== undefined
  const line = isSaid ? `{"index":${index},"ok":false,"error":${JSON.stringify(error)}}` : undefined
  return { index, ok: false, line, error }
}

/** It happened nowhere in the code of a task: there is no stack to show. */
function withoutStack(name: string, message: string, code: string): DescribedError {
  return { name, message, code, stack: `${name}: ${message}` }
}
