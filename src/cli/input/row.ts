/** One row of the input: the arguments of a call, or why it is none. */
export type Row = GoodRow | BadRow

export interface GoodRow {
  /** Counts the rows from 0. */
  readonly index: number
  readonly args: readonly unknown[]
}

export interface BadRow {
  readonly index: number
  readonly problem: RowProblem
}

export interface RowProblem {
  readonly name: string
  readonly message: string
  /** The beginning of what stands there. */
  readonly excerpt: string
}

/** Turns the bytes of the input into rows, as they come. */
export interface RowParser {
  push(bytes: Buffer): Row[] | Promise<Row[]>
  /** The rest, after the last byte. */
  end(): Row[] | Promise<Row[]>
}

/** A row may have so many bytes: one without an end must not fill the memory. */
export const longestRow = 2 ** 26

const longestExcerpt = 200

export function excerptOf(text: string): string {
  return text.length > longestExcerpt ? `${text.slice(0, longestExcerpt)}…` : text
}

export function excerptOfArgs(args: readonly unknown[]): string {
  const [only] = args
  if (args.length === 1 && typeof only === 'string') return excerptOf(only)
  try {
    return excerptOf(JSON.stringify(args.length === 1 ? only : args))
  } catch {
    return '(nested too deep to be shown)'
  }
}
