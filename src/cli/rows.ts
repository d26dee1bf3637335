import type { Calls } from './calls.js'
import type { GoodRow, Row } from './input/row.js'
import type { Outcome } from './outcome.js'
import type { Committer } from './outcomes/committer.js'
import { type Entry, entryOf, entryOfProblem } from './outcomes/entry.js'
import type { Order } from './outcomes/order.js'
import { isWorthRetrying, retryDelay } from './retry.js'
import type { Settings } from './settings.js'
import { pause, type Stop } from './stop.js'
import type { Tally } from './tally.js'

export interface RowsOptions {
  settings: Settings
  stop: Stop
  tally: Tally
  calls: Calls
  order: Order
  /** Takes what has become of a row, which is in flight until {@link Rows.onCommitted}. */
  committer: Committer
}

/** Takes each row from its reading to its outcome. A bounded number of them is on its way at once. */
export class Rows {
  readonly #options: RowsOptions
  /** What the executor takes. */
  readonly #capacity: number
  /** Rows that wait for a retry. */
  #waiting = 0
  /** Called with each failure, and its row. */
  onFailure: (entry: Entry, row: Row) => void = () => {}
  /** Called with rows that have been written, and remembered. */
  onDone: (entries: readonly Entry[]) => void = () => {}
  /** Lets {@link Rows.#until} look again. */
  #wake: () => void = () => {}

  constructor(options: RowsOptions) {
    this.#options = options
    this.#capacity = options.settings.size + options.settings.queueSize
    options.stop.signal.addEventListener('abort', () => this.#wake())
  }

  /** Resolves when every row is committed or, after a stop, undone. */
  async run(chunks: AsyncIterable<readonly Row[]>): Promise<void> {
    const { stop, tally } = this.#options
    try {
      for await (const rows of chunks) {
        for (const row of rows) await this.#enter(row)
        if (stop.isRequested) break
      }
    } catch (error) {
      stop.request({ kind: 'broken', error })
    }
    await this.#until(() => tally.inFlight === 0)
  }

  /** To be called with rows that have been written, and remembered. */
  onCommitted(entries: readonly Entry[]): void {
    const { tally } = this.#options
    for (const { ok } of entries) tally[ok ? 'ok' : 'failed']++
    tally.inFlight -= entries.length
    this.onDone(entries)
    this.#wake()
  }

  /** To be called with rows that could not be written. */
  onLost({ length }: readonly Entry[]): void {
    const { tally } = this.#options
    tally.inFlight -= length
    tally.undone += length
    this.#wake()
  }

  async #enter(row: Row): Promise<void> {
    const { stop, tally } = this.#options
    if (!this.#hasRoom(row)) await this.#until(() => this.#hasRoom(row) || stop.isRequested)
    if (stop.isRequested) return
    tally.inFlight++
    void this.#process(row)
  }

  /**
   * As many rows as the executor takes may wait for a retry besides. Where all is remembered, what is being written
   * counts as if it still ran: it would be run once more if the process were killed now.
   */
  #hasRoom({ index }: Row): boolean {
    const { settings, tally, order } = this.#options
    const most = settings.checkpoint === undefined ? 2 * this.#capacity : this.#capacity
    return tally.inFlight - Math.min(this.#waiting, this.#capacity) < most && order.hasRoom(index)
  }

  /**
   * Waits on the event loop. What makes a condition true is a commit, an undone row, a retry or a stop, each of which
   * wakes; and every row in flight comes to one of the first two, since a call always ends: with its worker if not before.
   */
  async #until(condition: () => boolean): Promise<void> {
    while (!condition())
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
  }

  async #process(row: Row): Promise<void> {
    const { stop, tally, committer } = this.#options
    try {
      const entry = await this.#entryOf(row)
      if (entry !== undefined) {
        if (!entry.ok) this.#fail(entry, row)
        committer.add(entry)
        return
      }
    } catch (error) {
      stop.request({ kind: 'broken', error })
    }
    tally.inFlight--
    tally.undone++
    this.#wake()
  }

  #fail(entry: Entry, row: Row): void {
    const { settings, stop } = this.#options
    this.onFailure(entry, row)
    if (settings.failFast) stop.request({ kind: 'failed' })
  }

  /** Undefined if the run was stopped before the row was done. */
  async #entryOf(row: Row): Promise<Entry | undefined> {
    const { settings } = this.#options
    if ('problem' in row) return entryOfProblem(row.index, row.problem, settings)
    const outcome = await this.#outcomeOf(row)
    return outcome && entryOf(row.index, outcome, settings)
  }

  async #outcomeOf({ args }: GoodRow): Promise<Outcome | undefined> {
    const { settings, stop, tally, calls } = this.#options
    for (let tries = 1; ; tries++) {
      const outcome = await calls.call(args)
      if (outcome === undefined || tries > settings.retries || !isWorthRetrying(outcome)) return outcome
      this.#waiting++
      this.#wake()
      await pause(retryDelay(settings.retryDelay, tries), stop.signal)
      this.#waiting--
      if (stop.isRequested) return undefined
      tally.retries++
    }
  }
}
