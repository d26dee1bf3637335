import type { Checkpoint } from '../checkpoint/checkpoint.js'
import type { Acknowledged } from '../checkpoint/records.js'
import type { Mark } from '../input/digest.js'
import type { Entry } from './entry.js'
import type { Order } from './order.js'
import type { Position, Sink } from './sink.js'

export interface CommitterOptions {
  order: Order
  /** For successes, and for failures too unless there is a sink for them. */
  output: Sink
  errors: Sink | undefined
  checkpoint: Checkpoint | undefined
  /** How much of the input has been read, where that is to be remembered. */
  mark: () => Mark | undefined
  /** These rows are done with, and remembered. */
  onCommitted: (entries: readonly Entry[]) => void
  /** These are not, since a file cannot be written. */
  onLost: (entries: readonly Entry[]) => void
  /** Nobody reads the output any more; it gets nothing from now on. */
  onUnread: () => void
  /** A file cannot be written; none is from now on. */
  onBroken: (error: unknown) => void
}

/**
 * Writes what has become of rows, one batch after the other: first into the checkpoint, then where it belongs. While
 * a batch is being written the next one gathers, and since rows count as in flight until they are committed, a slow
 * output slows the reading.
 */
export class Committer {
  readonly #options: CommitterOptions
  #gathered: Entry[] = []
  #isWriting = false
  #isUnread = false
  #isBroken = false

  constructor(options: CommitterOptions) {
    this.#options = options
  }

  add(entry: Entry): void {
    this.#gathered.push(entry)
    if (!this.#isWriting) void this.#writeAll()
  }

  /** Takes up what an earlier run had done: what is missing in the files of results is written. */
  async resume(): Promise<void> {
    const earlier = this.#options.checkpoint?.earlier
    if (earlier !== undefined) {
      const { standing, rows, acknowledged } = earlier
      const { output, errors } = this.#sort(rows.flatMap(entry => this.#options.order.add(entry)))
      await this.#writeLines({
        output: output.slice(linesSince(standing.output, acknowledged.output)),
        errors: errors.slice(linesSince(standing.errors, acknowledged.errors)),
      })
    }
    await this.#rewriteCheckpoint()
  }

  /**
   * The last word in the checkpoint; without one, also what is held back for rows that will not be done.
   *
   * @param isRegular - the run has come to an end that it may come to, if only by an interrupt
   */
  async finish(isRegular: boolean): Promise<void> {
    const { checkpoint, order, output, errors } = this.#options
    try {
      if (!this.#isBroken && checkpoint === undefined) await this.#write(order.held())
      else if (!this.#isBroken && !this.#isUnread) await this.#rewriteCheckpoint()
      if (isRegular) await Promise.all([output.cut(), errors?.cut()])
      await checkpoint?.close()
      await output.close()
      await errors?.close()
    } catch (error) {
      this.#options.onBroken(error)
    }
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#gathered.length > 0) {
      const entries = this.#gathered
      this.#gathered = []
      try {
        if (!this.#isBroken) await this.#commit(entries)
      } catch (error) {
        this.#isBroken = true
        this.#options.onBroken(error)
      }
      if (this.#isBroken) this.#options.onLost(entries)
      else this.#options.onCommitted(entries)
    }
    this.#isWriting = false
  }

  async #commit(entries: readonly Entry[]): Promise<void> {
    const { checkpoint, order, mark } = this.#options
    await checkpoint?.append(entries, mark())
    await this.#write(entries.flatMap(entry => order.add(entry)))
    // What nobody has read is only in the checkpoint, and must stay there.
    if (checkpoint?.isLong && !this.#isUnread) await this.#rewriteCheckpoint()
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    const { checkpoint, output, errors } = this.#options
    await this.#writeLines(this.#sort(entries))
    const lines = { ...acknowledged('output', output), ...acknowledged('errors', errors) }
    if (Object.keys(lines).length > 0 && !this.#isUnread) await checkpoint?.acknowledge(lines)
  }

  #sort(entries: readonly Entry[]): Record<'output' | 'errors', string[]> {
    const lines: Record<'output' | 'errors', string[]> = { output: [], errors: [] }
    const failures = this.#options.errors === undefined ? lines.output : lines.errors
    for (const { ok, line } of entries) if (line !== undefined) (ok ? lines.output : failures).push(line)
    return lines
  }

  async #writeLines({ output, errors }: Record<'output' | 'errors', string[]>): Promise<void> {
    if (errors.length > 0) await this.#options.errors?.write(errors)
    if (output.length === 0 || this.#isUnread) return
    try {
      await this.#options.output.write(output)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
      this.#isUnread = true
      this.#options.onUnread()
    }
  }

  /** To be called when the checkpoint's every line is in the files of results, or held back. */
  async #rewriteCheckpoint(): Promise<void> {
    const { checkpoint, order, output, errors } = this.#options
    if (checkpoint === undefined) return
    await output.sync()
    await errors?.sync()
    const positions = { written: order.next, output: output.position, errors: errors?.position }
    await checkpoint.rewrite(positions, order.held())
  }
}

function acknowledged(name: 'output' | 'errors', sink: Sink | undefined): Acknowledged {
  const position = sink?.position
  return position !== undefined && 'lines' in position ? { [name]: position.lines } : {}
}

/** How many lines went to a pipe since; files are cut off instead. */
function linesSince(standing: Position | undefined, lines: number | undefined): number {
  return standing !== undefined && 'lines' in standing && lines !== undefined ? lines - standing.lines : 0
}
