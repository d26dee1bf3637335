import { type BroadcastChannel, MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { now } from '../channel/clock.js'
import type { RequestMessage } from '../channel/records.js'
import { longestSpin, spinWhileEqual } from '../channel/wait.js'
import { ahead, Word } from '../channel/words.js'
import { isWokenByPort, type Parking } from './parking.js'

/** A message that cannot be read. */
class Unreadable {
  readonly reason: string

  constructor(error: unknown) {
    this.reason = error instanceof Error ? error.message : String(error)
  }
}

/** The worker's end of one caller's messages: reads them in order. */
export class Inbox {
  readonly #words: Int32Array
  readonly #port: MessagePort
  readonly #parking: Parking
  #taken: number
  /** Brought by the event loop. The counter of taken messages runs ahead of the caller's for a moment then. */
  readonly #delivered: (RequestMessage | Unreadable)[] = []
  /** Called for each message that cannot be read, with its number. */
  onUnreadable: (number: number, reason: string) => void = () => {}

  constructor(words: Int32Array, port: MessagePort | BroadcastChannel, parking: Parking) {
    this.#words = words
    this.#port = port as MessagePort // to receiveMessageOnPort one is as good as the other; the types do not say so
    this.#parking = parking
    this.#taken = Atomics.load(words, Word.WorkerPosted) // both counters begin at the same value
    // A BroadcastChannel gives its messages to the event loop even if nobody listens.
    if (isWokenByPort || !(port instanceof MessagePort)) this.#listen(port)
    if (port instanceof MessagePort) port.ref() // a pending waitAsync does not keep the thread alive
  }

  hasNews(): boolean {
    return this.#delivered.length > 0 || ahead(Atomics.load(this.#words, Word.CallerPosted), this.#taken) > 0
  }

  /** The next message, or undefined while the counter announces none. */
  next(): RequestMessage | undefined {
    while (this.hasNews()) {
      this.#taken = (this.#taken + 1) | 0
      const message = this.#delivered.shift() ?? this.#fetch()
      if (message instanceof Unreadable) this.onUnreadable(this.#taken, message.reason)
      Atomics.store(this.#words, Word.WorkerRead, this.#taken)
      if (!(message instanceof Unreadable)) return message
    }
    return undefined
  }

  #fetch(): RequestMessage | Unreadable | undefined {
    try {
      return receiveMessageOnPort(this.#port)?.message
    } catch (error) {
      return new Unreadable(error)
    }
  }

  /** Waits a little for a message, if that pays. Blocks the event loop meanwhile: only with nothing in flight. */
  spin(): void {
    if (this.patience > 0) spinWhileEqual(this.#words, Word.CallerPosted, this.#taken, now())
  }

  /** How long to wait for a message before parking, in ms. */
  get patience(): number {
    return Atomics.load(this.#words, Word.Spinning) === 1 ? longestSpin : 0
  }

  #listen(port: MessagePort | BroadcastChannel): void {
    const onMessage = (message: RequestMessage | Unreadable) => {
      this.#delivered.push(message)
      this.#parking.wake()
    }
    if (port instanceof MessagePort) {
      port.on('message', onMessage)
      port.on('messageerror', error => onMessage(new Unreadable(error)))
    } else {
      port.onmessage = event => onMessage((event as { data: RequestMessage }).data)
      port.onmessageerror = event => onMessage(new Unreadable((event as { data: unknown }).data))
    }
  }
}
