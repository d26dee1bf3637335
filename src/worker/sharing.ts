import { BroadcastChannel } from 'node:worker_threads'
import { Response } from '../channel/records.js'
import { controlChannelOf, type Introduction } from '../channel/sharing.js'
import { systemThreadId, threadIsGone } from '../channel/thread-id.js'
import { Word, WorkerState } from '../channel/words.js'
import { Caller } from './caller.js'
import { Inbox } from './inbox.js'
import { Outbox } from './outbox.js'
import type { Parking } from './parking.js'

export interface SharingOptions {
  id: string
  size: number
  /** The owner's. */
  words: Int32Array
  free: Int32Array
  parking: Parking
  onJoin(caller: Caller): void
  onLeave(caller: Caller): void
}

/** How often the threads of callers are looked after, in ms: one that was terminated does not say so. */
const watchInterval = 500

interface Guest {
  caller: Caller
  channel: BroadcastChannel
  thread: number
}

/**
 * The callers that are not the owner: lets them in when they introduce themselves, and out when they are gone.
 *
 * What keeps the thread alive is the owner's port, until the consumer's loop ends, which it does not before all callers'
 * tasks have. Their channels need not do so too, and must not: a module that never loads is known by the event loop's
 * having nothing left, and for that even the owner's port steps back (stall.ts). Nothing is missed meanwhile. An event
 * loop that has nothing left does not sleep: it asks whether it may end, that module is given up, which lets the port
 * hold the event loop again before it ends, and then it looks at its channels.
 */
export class Sharing {
  readonly #options: SharingOptions
  readonly #guests = new Map<string, Guest>()
  readonly #control: BroadcastChannel
  #watch: NodeJS.Timeout | undefined

  constructor(options: SharingOptions) {
    this.#options = options
    this.#control = new BroadcastChannel(controlChannelOf(options.id))
    this.#control.onmessage = event => this.#join((event as { data: Introduction }).data)
    this.#control.unref()
  }

  /** What it had running goes on and answers nobody. */
  leave(caller: Caller): void {
    for (const [name, guest] of this.#guests) {
      if (guest.caller !== caller) continue
      this.#guests.delete(name)
      if (this.#guests.size === 0) clearInterval(this.#watch)
      caller.outbox.close()
      guest.channel.close()
      this.#options.onLeave(caller)
    }
  }

  #join({ channel: name, words, bell, epoch, thread }: Introduction): void {
    if (this.#guests.has(name)) return // it repeats itself until it is answered
    const { size, parking, words: wakeWords, free } = this.#options
    const channel = new BroadcastChannel(name)
    const outbox = new Outbox(words, bell, channel)
    const inbox = new Inbox(words, channel, parking)
    const caller = new Caller({ words, epoch, size, inbox, outbox, ownerWords: wakeWords })
    channel.unref()
    if (this.#guests.size === 0) this.#watch = setInterval(() => this.#lookAfter(), watchInterval).unref()
    this.#guests.set(name, { caller, channel, thread })
    Atomics.store(words, Word.ThreadId, systemThreadId())
    Atomics.store(words, Word.WorkerState, WorkerState.Ready)
    this.#options.onJoin(caller)
    outbox.post([Response.Connected, { wakeWords, free }])
  }

  #lookAfter(): void {
    for (const { caller, thread } of [...this.#guests.values()]) if (threadIsGone(thread)) this.leave(caller)
  }
}
