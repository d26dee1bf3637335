import { type CsvError, Parser } from 'csv-parse'
import { UsageError } from '../usage-error.js'
import { excerptOf, longestRow, type Row, type RowParser } from './row.js'

const lineFeed = 10
const carriageReturn = 13

/** Files are put together on different systems: each of these ends a record, also beside others. */
const lineEnds = ['\r\n', '\n', '\r']

/** The first record names the columns; each further one becomes an object of strings. */
export class CsvParser implements RowParser {
  #columns: readonly string[] | undefined
  #ready: Row[] = []
  #rows = 0
  /** So many bytes the parser has been given. */
  #given = 0
  /** Where in these the last record that it found ends. */
  #end = 0
  /** Where the next one begins, or earlier by less than what is read at once. */
  #begin = 0
  #beginning = ''
  /** After a record that was too long, until the next line begins. */
  #isSkipping = false
  #parser = this.#createParser()

  async push(bytes: Buffer): Promise<Row[]> {
    const rest = this.#isSkipping ? this.#skipLine(bytes) : bytes
    if (rest.length > 0) await this.#feed(rest)
    return this.#taken()
  }

  async end(): Promise<Row[]> {
    await this.#parsed(done => this.#parser.end(done))
    return this.#taken()
  }

  #createParser(): Parser {
    const parser = new Parser({
      bom: this.#columns === undefined,
      record_delimiter: lineEnds,
      skip_empty_lines: true,
      relax_column_count: true,
      // A quote in the wrong place is taken for a character: taken for an error, it swallows rows up to the next quote.
      relax_quotes: true,
      skip_records_with_error: true,
      on_record: (record: string[]) => {
        this.#end = parser.info.bytes
        this.#take(record)
        this.#begin = this.#end
        return null // it has been taken, and the stream has nothing to hand on
      },
      on_skip: (error: CsvError | undefined, raw: string | undefined) => {
        this.#skip(error, raw)
        return undefined
      },
    })
    // Failed writes report the same error.
    parser.on('error', () => {})
    return parser.resume()
  }

  /** The parser has an option for the longest record, but after one it goes on in the midst of it. */
  async #feed(bytes: Buffer): Promise<void> {
    const before = this.#given
    const { empty_lines } = this.#parser.info
    const end = this.#end
    this.#given += bytes.length
    await this.#parsed(done => this.#parser.write(bytes, done))
    const isNext = this.#end > end || this.#parser.info.empty_lines > empty_lines
    if (isNext || before === 0) {
      this.#begin = Math.max(this.#end, before)
      const start = this.#begin - before
      this.#beginning = bytes.toString('utf8', start, start + 1000)
    }
    if (this.#given - this.#begin > longestRow) this.#giveUp()
  }

  #giveUp(): void {
    if (this.#columns === undefined) throw new UsageError('the header of the CSV input is too long')
    this.#tooLong(this.#beginning)
    this.#parser.destroy()
    this.#parser = this.#createParser()
    this.#given = this.#begin = this.#end = 0
    this.#isSkipping = true
  }

  #skipLine(bytes: Buffer): Buffer {
    const end = bytes.findIndex(byte => byte === lineFeed || byte === carriageReturn)
    if (end < 0) return bytes.subarray(bytes.length)
    this.#isSkipping = false
    return bytes.subarray(end + 1)
  }

  #taken(): Row[] {
    const rows = this.#ready
    this.#ready = []
    return rows
  }

  #parsed(feed: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => feed(error => (error ? reject(error) : resolve())))
  }

  #take(record: string[]): void {
    if (this.#columns === undefined) {
      this.#columns = header(record)
      return
    }
    if (this.#end - this.#begin > longestRow) {
      this.#tooLong(record.join())
      return
    }
    const columns = this.#columns
    if (record.length !== columns.length) {
      const fields = record.length === 1 ? '1 field' : `${record.length} fields`
      const message = `row ${this.#rows} of the input has ${fields}, and the header ${columns.length}`
      this.#bad('RangeError', message, record.join())
      return
    }
    // By definition and not by assignment: a column may be called __proto__.
    const row = Object.fromEntries(columns.map((column, index) => [column, record[index]]))
    this.#ready.push({ index: this.#rows++, args: [row] })
  }

  #skip(error: CsvError | undefined, raw: string | undefined): void {
    const reason = error?.message ?? 'unknown'
    if (this.#columns === undefined) throw new UsageError(`the header of the CSV input is broken: ${reason}`)
    this.#bad('SyntaxError', `row ${this.#rows} of the input is not CSV: ${reason}`, raw ?? '')
  }

  #tooLong(text: string): void {
    this.#bad('RangeError', `row ${this.#rows} of the input is longer than ${longestRow} bytes`, text)
  }

  #bad(name: string, message: string, text: string): void {
    this.#ready.push({ index: this.#rows++, problem: { name, message, excerpt: excerptOf(text) } })
  }
}

function header(record: readonly string[]): readonly string[] {
  const twice = record.find((column, index) => record.indexOf(column) < index)
  if (twice !== undefined) throw new UsageError(`the header of the CSV input names '${twice}' twice`)
  return record
}
