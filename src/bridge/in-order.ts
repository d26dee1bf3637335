import { Response, type ResponseMessage } from '../channel/records.js'

/** The place of a message that could not be read. */
interface Gap {
  number: number
  reason: string
  isAsked: boolean
}

export interface InOrderOptions {
  /** Asks the worker what is to stand in the place of a message. */
  ask(number: number, reason: string): void
  deliver(message: ResponseMessage): void
}

/**
 * Hands on what the worker sends, in order, though a message could not be read: what comes after it waits until the
 * worker has said what stands in its place. The worker answers each question, in order; if it ends instead, that is
 * found out as ever, and `release` ends the wait.
 */
export class InOrder {
  readonly #options: InOrderOptions
  /** From the first gap on. */
  #held: (ResponseMessage | Gap)[] = []

  constructor(options: InOrderOptions) {
    this.#options = options
  }

  /** There is a gap. */
  get isWaiting(): boolean {
    return this.#held.length > 0
  }

  take(message: ResponseMessage): void {
    if (message[0] === Response.Instead) this.#fill(message[1])
    else if (this.isWaiting) this.#held.push(message)
    else this.#options.deliver(message)
  }

  miss(number: number, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error)
    this.#held.push({ number, reason, isAsked: false })
  }

  /** About what has not been asked yet. */
  ask(): void {
    for (const gap of this.#held) {
      if (Array.isArray(gap) || gap.isAsked) continue
      this.#options.ask(gap.number, gap.reason)
      gap.isAsked = true
    }
  }

  /** The worker is gone: there will be no answers. */
  release(): void {
    for (const held of this.#held.splice(0)) if (Array.isArray(held)) this.#options.deliver(held)
  }

  #fill(instead: ResponseMessage | undefined): void {
    this.#held.shift()
    if (instead !== undefined) this.#options.deliver(instead)
    for (let [next] = this.#held; Array.isArray(next); [next] = this.#held) {
      this.#held.shift()
      this.#options.deliver(next)
    }
  }
}
