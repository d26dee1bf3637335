import { StringDecoder } from 'node:string_decoder'
import { messageOf } from '../usage-error.js'
import { excerptOf, longestRow, type Row, type RowParser } from './row.js'

const byteOrderMark = '\uFEFF'

/** One line is one row: a string, or JSON. */
export class LineParser implements RowParser {
  readonly #kind: LineKind
  readonly #decoder = new StringDecoder('utf8')
  /** The line that has no end yet. */
  #rest = ''
  /** Of all that has come of it, also of what is not kept. */
  #restBytes = 0
  /** More of it than this is not kept. */
  #isTooLong = false
  #lines = 0
  #rows = 0

  constructor(kind: LineKind) {
    this.#kind = kind
  }

  push(bytes: Buffer): Row[] {
    return this.#split(this.#decoder.write(bytes))
  }

  end(): Row[] {
    const rows = this.#split(this.#decoder.end())
    const isEmpty = this.#rest === '' || (this.#lines === 0 && this.#rest === byteOrderMark)
    if (!isEmpty) this.#take('', rows)
    return rows
  }

  #split(text: string): Row[] {
    const rows: Row[] = []
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      this.#take(text.slice(start, end), rows)
      start = end + 1
    }
    const rest = text.slice(start)
    this.#restBytes += Buffer.byteLength(rest)
    if (!this.#isTooLong) this.#rest += rest
    if (this.#restBytes > longestRow) {
      this.#isTooLong = true
      this.#rest = this.#rest.slice(0, 1000)
    }
    return rows
  }

  #take(end: string, rows: Row[]): void {
    const whole = this.#rest + end
    const isTooLong = this.#isTooLong || this.#restBytes + Buffer.byteLength(end) > longestRow
    this.#rest = ''
    this.#restBytes = 0
    this.#isTooLong = false
    const bom = this.#lines === 0 && whole.startsWith(byteOrderMark) ? 1 : 0
    const line = whole.slice(bom, whole.endsWith('\r') ? -1 : undefined)
    this.#lines++
    if (isTooLong) rows.push(this.#bad('RangeError', `is longer than ${longestRow} bytes`, line))
    else if (this.#kind === 'text') rows.push({ index: this.#rows++, args: [line] })
    else if (line.trim() !== '') rows.push(this.#parse(line))
  }

  #parse(line: string): Row {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (error) {
      return this.#bad('SyntaxError', `is not JSON: ${messageOf(error)}`, line)
    }
    if (this.#kind === 'json') return { index: this.#rows++, args: [value] }
    if (Array.isArray(value)) return { index: this.#rows++, args: value }
    return this.#bad('TypeError', 'is not a JSON array, which --spread takes', line)
  }

  #bad(name: string, what: string, line: string): Row {
    const message = `row ${this.#rows} of the input (line ${this.#lines}) ${what}`
    return { index: this.#rows++, problem: { name, message, excerpt: excerptOf(line) } }
  }
}

/** What a line is: an argument as it is, an argument as JSON, or a JSON array of arguments. */
export type LineKind = 'text' | 'json' | 'arguments'
