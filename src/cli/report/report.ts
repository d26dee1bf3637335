import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { accessSync, constants, statSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { TaskInfo } from '../../index.js'
import { type CallObserver, type Calls, keyOf } from '../calls.js'
import { excerptOf, excerptOfArgs, type Row } from '../input/row.js'
import type { Entry } from '../outcomes/entry.js'
import type { Settings } from '../settings.js'
import type { StopReason } from '../stop.js'
import type { Tally } from '../tally.js'
import { messageOf, UsageError } from '../usage-error.js'
import { FailureGroups } from './failures.js'
import { Histogram } from './histogram.js'
import { renderPage } from './page.js'
import { Timeline } from './timeline.js'

const startedChannel = 'async-pool-executor:started'

/** How often to look for calls that keep their slots beyond their timeout, which nothing tells of, in ms. */
const lookInterval = 50

/** Gathers what the report shows while the run goes on, in a memory that does not grow with it. */
export class Report implements CallObserver {
  readonly #path: string
  readonly #begun = new Date()
  readonly #timeline = new Timeline(performance.now())
  readonly #failures = new FailureGroups()
  readonly #waits = new Histogram()
  readonly #runs = new Histogram()
  /** Since when calls in flight have waited, and when they started. */
  readonly #calls = new Map<string, { since: number; started: number | undefined }>()
  /** Of these, how many have started. */
  #running = 0
  /** Calls that have settled, and keep their slots. */
  #overdue = 0
  #waiting = 0
  #size = 0
  #looks: NodeJS.Timeout | undefined
  readonly #onStarted = (message: unknown) => {
    const { executor, id } = message as TaskInfo
    const call = this.#calls.get(keyOf(executor, id))
    if (call === undefined || call.started !== undefined) return
    call.started = performance.now()
    this.#running++
    this.#level(call.started)
  }

  private constructor(path: string) {
    this.#path = path
  }

  /** @throws {UsageError} if it could not be written in the end */
  static open(path: string): Report {
    try {
      const stats = statSync(path, { throwIfNoEntry: false })
      if (stats?.isDirectory()) throw new Error('it is a folder')
      accessSync(stats === undefined ? dirname(path) : path, constants.W_OK)
    } catch (error) {
      throw new UsageError(`cannot write --report ${path}: ${messageOf(error)}`)
    }
    return new Report(path)
  }

  /** @param size - how many calls may run at once */
  watch(calls: Calls, size: number): void {
    this.#size = size
    subscribe(startedChannel, this.#onStarted)
    this.#level(performance.now())
    this.#looks = setInterval(() => {
      this.#overdue = calls.overdue()
      this.#level(performance.now())
    }, lookInterval).unref()
  }

  submitted(key: string, since: number): void {
    this.#calls.set(key, { since, started: undefined })
  }

  /** Calls that were withdrawn, or timed out in the queue of a worker that hangs, have never started. */
  settled(key: string): void {
    const call = this.#calls.get(key)
    this.#calls.delete(key)
    if (call?.started === undefined) return
    const now = performance.now()
    this.#waits.add(call.started - call.since)
    this.#runs.add(now - call.started)
    this.#running--
    this.#level(now)
  }

  waiting(count: number): void {
    if (count === this.#waiting) return
    this.#waiting = count
    this.#level(performance.now())
  }

  #level(time: number): void {
    // That a call has ended may be known a moment after that the next one has started in its slot.
    const running = Math.min(this.#running + this.#overdue, this.#size)
    this.#timeline.level(time, running, this.#waiting)
  }

  count(entries: readonly Entry[]): void {
    const failed = entries.filter(({ ok }) => !ok).length
    this.#timeline.count(performance.now(), entries.length - failed, failed)
  }

  fail({ index, error }: Entry, row: Row): void {
    const input = 'problem' in row ? excerptOf(row.problem.excerpt) : excerptOfArgs(row.args)
    if (error !== undefined) this.#failures.add(index, error, input)
  }

  /** @param seconds - how long the run took */
  async write(
    settings: Settings,
    tally: Tally,
    seconds: number,
    reason: StopReason | undefined,
  ): Promise<void> {
    clearInterval(this.#looks)
    unsubscribe(startedChannel, this.#onStarted)
    this.#level(performance.now())
    const page = renderPage({
      settings,
      tally,
      seconds,
      reason,
      begun: this.#begun,
      course: this.#timeline.course(),
      waits: this.#waits.distribution(),
      runs: this.#runs.distribution(),
      failures: this.#failures.all(),
    })
    await writeFile(this.#path, page)
  }
}
