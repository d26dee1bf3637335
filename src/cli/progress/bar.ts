import { Format, type Options, type Params, SingleBar } from 'cli-progress'
import { clearLine, type Progress, say } from './progress.js'
import { clock, count, rateText } from './text.js'
import type { View, Viewer } from './view.js'

const framesPerSecond = 10

/** One line at the bottom of a terminal, drawn over again. */
export class ProgressBar implements Progress {
  readonly #bar: SingleBar
  readonly #timer: NodeJS.Timeout

  constructor(viewer: Viewer) {
    const first = viewer.look()
    this.#bar = new SingleBar({
      format: (options: Options, params: Params, view: View) => line(options, params, view),
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 20,
      fps: framesPerSecond,
      hideCursor: true,
      clearOnComplete: true,
      forceRedraw: true, // what tasks print takes the line
      gracefulExit: false, // signals are the run's
    })
    keepPosition(this.#bar)
    this.#bar.start(first.total ?? 0, first.done, first)
    this.#timer = setInterval(() => this.#draw(viewer.look()), 1000 / framesPerSecond).unref()
  }

  say(text: string): void {
    process.stderr.write(clearLine)
    say(text)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#bar.stop()
  }

  #draw(view: View): void {
    this.#bar.setTotal(view.total ?? 0)
    this.#bar.update(view.done, view)
  }
}

/** The library would go back to where the bar began, which is another line once tasks have printed something. */
function keepPosition(bar: SingleBar): void {
  const { terminal } = bar as unknown as { terminal: Record<'cursorSave' | 'cursorRestore', () => void> }
  terminal.cursorSave = () => {}
  terminal.cursorRestore = () => {}
}

function line(options: Options, params: Params, { done, failed, running, rate, total, left }: View): string {
  const failures = `${count(failed)} failed`
  const parts =
    total === undefined
      ? [`${count(done)} done`]
      : [
          `${colored(36, Format.BarFormat(params.progress, options))} ${Math.floor(params.progress * 100)}%`,
          `${count(done)}/${count(total)}`,
        ]
  parts.push(rateText(rate), `${count(running)} running`, failed > 0 ? colored(31, failures) : failures)
  if (left !== undefined) parts.push(`ETA ${clock(left)}`)
  return parts.join(' · ')
}

/** https://no-color.org: any value that is not empty. */
function colored(code: number, text: string): string {
  return process.env.NO_COLOR ? text : `\x1B[${code}m${text}\x1B[0m`
}
