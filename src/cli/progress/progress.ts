import { clock, count, rateText } from './text.js'
import { type Sources, type View, Viewer } from './view.js'

/** Shows on stderr how far a run is. */
export interface Progress {
  /** A line of its own, above what changes. */
  say(text: string): void
  stop(): void
}

const silent: Progress = { say() {}, stop() {} }

export async function createProgress(isQuiet: boolean, sources: Sources): Promise<Progress> {
  if (isQuiet) return silent
  if (!canDraw()) return new ProgressLines(new Viewer(sources))
  const { ProgressBar } = await import('./bar.js')
  return new ProgressBar(new Viewer(sources))
}

/** How often there is a line where there is no terminal, in ms. */
const interval = 5000

/** A terminal that understands how to draw over a line. */
export function canDraw(): boolean {
  return process.stderr.isTTY === true && process.env.TERM !== 'dumb'
}

/** Makes the bar's line free; the bar is drawn again below what is written there. */
export const clearLine = '\r\x1B[K'

export function say(text: string): void {
  process.stderr.write(`async-pool: ${text}\n`)
}

/** Plain lines, for log files. */
export class ProgressLines implements Progress {
  readonly #timer: NodeJS.Timeout

  constructor(viewer: Viewer) {
    viewer.look()
    this.#timer = setInterval(() => say(describe(viewer.look())), interval).unref()
  }

  say(text: string): void {
    say(text)
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

function describe({ done, failed, running, rate, total, left }: View): string {
  const parts = [
    `${count(done)}${total === undefined ? '' : ` of ${count(total)}`} done`,
    `${count(failed)} failed`,
    `${count(running)} running`,
    rateText(rate),
  ]
  return [...parts, ...(left === undefined ? [] : [`ETA ${clock(left)}`])].join(', ')
}
