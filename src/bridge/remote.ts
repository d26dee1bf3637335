import { ExecutorError } from '../channel/errors.js'
import { type DroppedResponse, Request, Response, type UsedResponse } from '../channel/records.js'
import { Connection, createProxy, type RemoteUse } from '../channel/remote-proxy.js'
import { moduleNumber, type Use } from '../channel/remote-records.js'
import { type Encoded, type Place, RemoteValues, sharedIn } from '../channel/remote-values.js'
import { SharedObjects } from '../channel/shared-objects.js'
import { answerSoon, callSoon } from './callbacks.js'
import type { Dispatcher } from './dispatcher.js'
import type { RemoteModule } from './function-names.js'
import { createFuture } from './future.js'
import { recordSite } from './submit-site.js'
import type { Task } from './task.js'

/** A module of the worker's, or what came from one of its members. */
interface Source {
  readonly module: RemoteModule
  /** The path to the member; empty for the module itself. */
  readonly member: readonly string[]
}

interface RemotePlace extends Place, Source {}

/**
 * The caller's end of the `remote()` proxies of one executor. What is done to a proxy is a task, and so is counted,
 * drained and rejected as any other. What the worker does to objects that it was given proxies of runs in this thread
 * as callbacks do, and so also while that is blocked in the executor.
 */
export class Remotes {
  readonly #dispatcher: Dispatcher
  readonly #objects: SharedObjects<RemotePlace>
  readonly #values: RemoteValues<RemotePlace>
  /** What goes with calls that wait to be accepted. */
  readonly #waiting = new Set<Encoded>()

  constructor(dispatcher: Dispatcher) {
    this.#dispatcher = dispatcher
    this.#objects = new SharedObjects({
      last: moduleNumber,
      isolate: code => callSoon('Comlink.finalizer', code),
      missing: () => new ExecutorError('the object has been released by the thread that used it'),
    })
    this.#values = new RemoteValues(this.#objects, (number, from) => this.#connect(number, from))
  }

  open(module: RemoteModule): object {
    return createProxy(this.#connect(moduleNumber, { module, member: [] }))
  }

  receive(message: UsedResponse | DroppedResponse): void {
    if (message[0] === Response.Dropped) this.#objects.drop(message[1])
    else answerSoon(() => this.#answer(message))
  }

  #connect(number: number, from: Source): Connection {
    const drop = () => {
      // If the worker that made it has died, the number is nobody's: those of two workers are never the same.
      if (number !== moduleNumber) this.#dispatcher.link?.post([Request.Drop, number])
    }
    return new Connection({ number, peer: this.#values, drop, send: use => this.#use(number, from, use) })
  }

  async #use(number: number, from: Source, { access, path, args, below }: RemoteUse): Promise<unknown> {
    const member = [...from.member, ...path]
    const fn = from.module(member.join('.') || 'default')
    const place: RemotePlace = { label: fn.label, module: from.module, member }
    const site = recordSite(below)
    const encoded = this.#values.encode(args, place)
    const use: Use = [access, number, path, encoded.forms]
    const { values, transferList } = encoded
    const task = await this.#accepted(encoded, () =>
      this.#dispatcher.submitLater({
        fn,
        args: [...values, use],
        options: transferList && { transferList },
        site,
        isExpected: true,
      }),
    )
    return this.#values.decodeResult(await createFuture(task).promise(), place)
  }

  /** Objects that go with a call are kept for the worker from here on, unless the call is refused. */
  async #accepted(encoded: Encoded, submit: () => Promise<Task>): Promise<Task> {
    this.#waiting.add(encoded)
    try {
      return await submit()
    } catch (error) {
      this.#values.forget(encoded)
      throw error
    } finally {
      this.#waiting.delete(encoded)
    }
  }

  /** The worker is gone with its proxies. Kept is what goes with calls that its replacement will run. */
  onDeath(): void {
    const kept = new Set<number>()
    for (const { values, forms } of this.#waiting)
      for (const number of sharedIn(values, forms)) kept.add(number)
    for (const { fn, args = [] } of this.#dispatcher.ledger.pending.values()) {
      if (fn.address.kind !== 'module' || !fn.address.isRemote) continue
      const [, , , forms] = args.at(-1) as Use
      for (const number of sharedIn(args, forms)) kept.add(number)
    }
    this.#objects.dropAllBut(kept)
  }

  #answer([, call, use, values]: UsedResponse): void {
    const shared = this.#objects.find(use[1])
    const label = shared?.place.label ?? 'a remote'
    this.#dispatcher.answers.give({ id: 0, label }, call, () => {
      const { object, place } = this.#objects.get(use[1])
      return this.#values.answer(use, values, place, () => object)
    })
  }
}
