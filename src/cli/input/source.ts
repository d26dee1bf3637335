import { createHash } from 'node:crypto'
import { createReadStream, fstatSync, openSync, read, type Stats } from 'node:fs'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { messageOf, UsageError } from '../usage-error.js'

const readAt = promisify(read)

/** How much of each end of a file is looked at to recognize it, in bytes. */
const sample = 2 ** 16

/** Where the input comes from: a file, or stdin, which may be a file too. */
export class Source {
  readonly #descriptor: number
  readonly #stream: Readable
  /** What messages call it. */
  readonly #name: string
  /** In bytes; undefined for a pipe or a terminal. */
  readonly size: number | undefined
  readonly isTerminal: boolean

  private constructor(name: string, descriptor: number, stream: Readable, stats: Stats, isTerminal: boolean) {
    this.#name = name
    this.#descriptor = descriptor
    this.#stream = stream
    this.size = stats.isFile() ? stats.size : undefined
    this.isTerminal = isTerminal
  }

  /** @throws {UsageError} if it cannot be opened */
  static open(path: string | undefined): Source {
    if (path === undefined) return Source.#openStdin()
    let descriptor: number
    try {
      descriptor = openSync(path, 'r')
    } catch (error) {
      throw new UsageError(`cannot read --input: ${messageOf(error)}`)
    }
    const stats = fstatSync(descriptor)
    if (stats.isDirectory()) throw new UsageError(`cannot read --input: ${path} is a folder`)
    return new Source(`--input ${path}`, descriptor, createReadStream(path, { fd: descriptor }), stats, false)
  }

  static #openStdin(): Source {
    const stats = fstatSync(0)
    if (stats.isDirectory()) throw new UsageError('cannot read stdin: it is a folder')
    return new Source('stdin', 0, process.stdin, stats, process.stdin.isTTY === true)
  }

  /**
   * What tells this file from another one: its size, and the bytes at both ends. Undefined for what can be read only
   * once.
   */
  async fingerprint(): Promise<string | undefined> {
    const { size } = this
    if (size === undefined) return undefined
    const hash = createHash('sha256')
    for (const position of new Set([0, Math.max(0, size - sample)])) {
      const { buffer, bytesRead } = await readAt(this.#descriptor, Buffer.alloc(sample), 0, sample, position)
      hash.update(buffer.subarray(0, bytesRead))
    }
    return `${size} bytes, sha256 of both ends ${hash.digest('hex').slice(0, 32)}`
  }

  /** Nothing more is read, and nothing is waited for. */
  close(): void {
    this.#stream.destroy()
  }

  /** The bytes, until they end or `signal` is aborted. */
  async *chunks(signal: AbortSignal): AsyncGenerator<Buffer, void, undefined> {
    if (signal.aborted) return
    const stop = () => this.#stream.destroy()
    signal.addEventListener('abort', stop)
    try {
      for await (const chunk of this.#stream) yield chunk as Buffer
    } catch (error) {
      // A stream that is destroyed says so to whoever reads it.
      if (!signal.aborted) throw new Error(`cannot read ${this.#name}: ${messageOf(error)}`, { cause: error })
    } finally {
      signal.removeEventListener('abort', stop)
    }
  }
}
