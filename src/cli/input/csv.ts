import { type CsvError, Parser } from 'csv-parse'
import { UsageError } from '../usage-error.js'
import { excerptOf, longestRow, type Row, type RowParser } from './row.js'

/** The first record names the columns; each further one becomes an object of strings. */
export class CsvParser implements RowParser {
  readonly #parser: Parser
  #columns: readonly string[] | undefined
  #ready: Row[] = []
  #rows = 0

  constructor() {
    this.#parser = new Parser({
      bom: true,
      skip_empty_lines: true,
      relax_column_count: true,
      // A quote in the wrong place is taken for a character: taken for an error, it swallows rows up to the next quote.
      relax_quotes: true,
      skip_records_with_error: true,
      max_record_size: longestRow,
      on_record: (record: string[]) => {
        this.#take(record)
        return null // it has been taken, and the stream has nothing to hand on
      },
      on_skip: (error: CsvError | undefined, raw: string | undefined) => {
        this.#skip(error, raw)
        return undefined
      },
    })
    // Failed writes report the same error.
    this.#parser.on('error', () => {})
    this.#parser.resume()
  }

  push(bytes: Buffer): Promise<Row[]> {
    return this.#parsed(done => this.#parser.write(bytes, done))
  }

  end(): Promise<Row[]> {
    return this.#parsed(done => this.#parser.end(done))
  }

  async #parsed(feed: (done: (error?: Error | null) => void) => void): Promise<Row[]> {
    await new Promise<void>((resolve, reject) => feed(error => (error ? reject(error) : resolve())))
    const rows = this.#ready
    this.#ready = []
    return rows
  }

  #take(record: string[]): void {
    if (this.#columns === undefined) {
      this.#columns = header(record)
      return
    }
    const columns = this.#columns
    if (record.length !== columns.length) {
      const message = `row ${this.#rows} of the input has ${record.length} fields, and the header ${columns.length}`
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

  #bad(name: string, message: string, text: string): void {
    this.#ready.push({ index: this.#rows++, problem: { name, message, excerpt: excerptOf(text) } })
  }
}

function header(record: readonly string[]): readonly string[] {
  const twice = record.find((column, index) => record.indexOf(column) < index)
  if (twice !== undefined) throw new UsageError(`the header of the CSV input names '${twice}' twice`)
  return record
}
