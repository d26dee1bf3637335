import { comlink } from './comlink.js'
import { ExecutorError } from './errors.js'
import { openEndpoint } from './remote-endpoint.js'
import { Access } from './remote-records.js'

/** What is done to an object of the other thread. */
export interface RemoteUse {
  access: Access
  path: readonly string[]
  args: readonly unknown[]
  /** The function of this package that the user's code has called: stacks begin below it. */
  below: (...args: never[]) => unknown
}

/** Proxies that nobody holds any more can be released by nobody else. */
const collected = new FinalizationRegistry<() => void>(drop => drop())

export interface ConnectionOptions {
  /** The object's number in the other thread. */
  number: number
  /** The same for all objects of the same other thread. */
  peer: object
  send(use: RemoteUse): Promise<unknown>
  /** Tells the other thread that it need not keep the object. Must not hold the connection. */
  drop(): void
}

/** What all proxies of one object of the other thread share. */
export class Connection {
  readonly number: number
  readonly peer: object
  readonly #send: (use: RemoteUse) => Promise<unknown>
  readonly #drop: () => void
  #holders = 0
  #isReleased = false

  constructor({ number, peer, send, drop }: ConnectionOptions) {
    this.number = number
    this.peer = peer
    this.#send = send
    this.#drop = drop
    collected.register(this, drop, this)
  }

  get isReleased(): boolean {
    return this.#isReleased
  }

  /** Whoever waits for the outcome keeps the object in the other thread, whatever becomes of its proxies. */
  async use(use: RemoteUse): Promise<unknown> {
    const letGo = this.hold()
    try {
      return await this.#send(use)
    } finally {
      letGo()
    }
  }

  /** Keeps the object in the other thread until the function that is returned is called. */
  hold(): () => void {
    this.#holders++
    return () => {
      this.#holders--
      if (this.#isReleased && this.#holders === 0) this.#drop()
    }
  }

  /** What is under way still arrives; nothing can be sent any more. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    collected.unregister(this)
    if (this.#holders === 0) this.#drop()
  }
}

/** What a proxy stands for. */
export interface Origin {
  connection: Connection
  path: readonly string[]
}

const origins = new WeakMap<object, Origin>()

/** Undefined if the value is no proxy of ours. */
export function originOf(value: object): Origin | undefined {
  return origins.get(value)
}

/** What `Comlink.wrap` gives for a port, over a connection. */
export function createProxy(connection: Connection, path: readonly string[] = []): object {
  const proxy = new Proxy(function remote() {}, new Traps(connection, path))
  origins.set(proxy, { connection, path })
  return proxy
}

/** As comlink has them: a member of a proxy is a proxy too, until it is called, constructed or awaited. */
class Traps implements ProxyHandler<object> {
  readonly #connection: Connection
  readonly #path: readonly string[]

  constructor(connection: Connection, path: readonly string[]) {
    this.#connection = connection
    this.#path = path
  }

  get(_target: object, key: string | symbol): unknown {
    this.#checkNotReleased()
    if (typeof key === 'symbol') return this.#special(key)
    if (key !== 'then') return createProxy(this.#connection, [...this.#path, key])
    if (this.#path.length === 0) return undefined // to await the object itself gives its proxy
    const value = this.#use(Access.Get, this.#path, [], this.get)
    return value.then.bind(value)
  }

  set(_target: object, key: string | symbol, value: unknown): boolean {
    this.#checkNotReleased()
    // An assignment has no promise: if it fails, that is an unhandled rejection.
    void this.#use(Access.Set, [...this.#path, String(key)], [value], this.set)
    return true
  }

  apply(_target: object, _self: unknown, args: readonly unknown[]): unknown {
    this.#checkNotReleased()
    // `this` is in the other thread in any case.
    if (this.#path.at(-1) === 'bind') return createProxy(this.#connection, this.#path.slice(0, -1))
    return this.#use(Access.Call, this.#path, args, this.apply)
  }

  construct(_target: object, args: readonly unknown[]): object {
    this.#checkNotReleased()
    return this.#use(Access.Construct, this.#path, args, this.construct)
  }

  #use(
    access: Access,
    path: readonly string[],
    args: readonly unknown[],
    below: RemoteUse['below'],
  ): Promise<unknown> {
    return this.#connection.use({ access, path, args, below })
  }

  #special(key: symbol): unknown {
    const { proxyMarker, releaseProxy, createEndpoint } = comlink()
    if (key === releaseProxy) return () => this.#connection.release()
    if (key === createEndpoint)
      return async () => openEndpoint({ connection: this.#connection, path: this.#path })
    return key === proxyMarker ? true : undefined
  }

  #checkNotReleased(): void {
    if (this.#connection.isReleased) throw new ExecutorError('this proxy has been released')
  }
}
