import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import type { Earlier } from '../checkpoint/checkpoint.js'
import { descriptorAt } from '../files.js'
import { canDraw, clearLine } from '../progress/progress.js'
import type { Settings } from '../settings.js'
import { messageOf, UsageError } from '../usage-error.js'
import { naming, writeAll } from './write-all.js'

const { O_CREAT, O_WRONLY } = constants

/** Where lines of results go. `write` resolves when they are out of this process; one call at a time. */
export interface Sink {
  write(lines: readonly string[]): Promise<void>
  /** How far it has got: what a checkpoint must know to go on from there. */
  readonly position: Position
  /** To the disk, where there is one. */
  sync(): Promise<void>
  /** Leaves nothing that was there before, also if nothing was written. */
  cut(): Promise<void>
  close(): Promise<void>
}

/** Files can be cut back to where they were; of anything else it is only known how many lines went there. */
export type Position = { bytes: number } | { lines: number }

/** A file of results. What an earlier run left in it stays until there is something to put in its place. */
export class FileSink implements Sink {
  readonly #handle: FileHandle
  readonly #isRegular: boolean
  /** What messages call it: '--output path'. */
  readonly #name: string
  #isCut = false
  #bytes = 0
  #lines = 0

  private constructor(handle: FileHandle, isRegular: boolean, name: string) {
    this.#handle = handle
    this.#isRegular = isRegular
    this.#name = name
  }

  /**
   * @param option - which one has named it: '--output'
   * @param position - where an earlier run stood; what was written after that is cut off. Without it the file is emptied
   * @throws {UsageError} if it cannot be opened, or is not what the earlier run wrote
   */
  static async open(option: string, path: string, position: Position | undefined): Promise<FileSink> {
    const name = `${option} ${path}`
    try {
      const handle = await open(path, position === undefined ? O_WRONLY | O_CREAT : O_WRONLY)
      const stats = await handle.stat()
      const sink = new FileSink(handle, stats.isFile(), name)
      if (position !== undefined) sink.#goBackTo(position, stats.size)
      return sink
    } catch (error) {
      const isGone = position !== undefined && (error as NodeJS.ErrnoException).code === 'ENOENT'
      const reason = isGone
        ? 'it is gone, and the checkpoint goes on from what was in it. Put it back, or delete the checkpoint to start anew'
        : messageOf(error)
      throw new UsageError(`cannot write ${name}: ${reason}`)
    }
  }

  get position(): Position {
    return this.#isRegular ? { bytes: this.#bytes } : { lines: this.#lines }
  }

  async write(lines: readonly string[]): Promise<void> {
    await this.cut()
    // At a position, since the file may have been cut off; pipes have none.
    const position = this.#isRegular ? this.#bytes : null
    this.#bytes += await naming(this.#name, () => writeAll(this.#handle, `${lines.join('\n')}\n`, position))
    this.#lines += lines.length
  }

  async sync(): Promise<void> {
    if (this.#isRegular) await naming(this.#name, () => this.#handle.sync())
  }

  async cut(): Promise<void> {
    if (this.#isCut) return
    this.#isCut = true
    if (this.#isRegular) await naming(this.#name, () => this.#handle.truncate(this.#bytes))
  }

  async close(): Promise<void> {
    await naming(this.#name, () => this.#handle.close())
  }

  #goBackTo(position: Position, size: number): void {
    if ('lines' in position) this.#lines = position.lines
    else if (size >= position.bytes) this.#bytes = position.bytes
    else throw new Error(`it has ${size} bytes, and had ${position.bytes} when the checkpoint was written`)
  }
}

/** The command's stdout or stderr. */
export class StreamSink implements Sink {
  readonly #stream: Writable
  readonly #before: string
  readonly #name: string
  #lines: number

  /**
   * @param name - what messages call it: 'stdout'
   * @param before - what to write before anything else
   * @param position - how many lines an earlier run has written
   */
  constructor(stream: Writable, name: string, before: string, position: Position | undefined) {
    this.#stream = stream
    this.#name = name
    this.#before = before
    this.#lines = position !== undefined && 'lines' in position ? position.lines : 0
    stream.on('error', () => {}) // the write that fails says so
  }

  get position(): Position {
    return { lines: this.#lines }
  }

  /** Waits until the stream has taken all of it: `error` or the callback always comes. */
  async write(lines: readonly string[]): Promise<void> {
    const text = `${this.#before}${lines.join('\n')}\n`
    await naming(
      this.#name,
      () =>
        new Promise<void>((resolve, reject) =>
          this.#stream.write(text, error => (error ? reject(error) : resolve())),
        ),
    )
    this.#lines += lines.length
  }

  async sync(): Promise<void> {}

  async cut(): Promise<void> {}

  async close(): Promise<void> {}
}

/**
 * @param earlier - what a run left that is gone on with
 * @throws {UsageError} if a file cannot be opened, or is not what that run wrote
 */
export async function openSinks(
  { output, errors, quiet }: Settings,
  earlier: Earlier | undefined,
): Promise<{ output: Sink; errors: Sink | undefined }> {
  const positions = earlier && {
    output: positionOf('output', earlier),
    errors: positionOf('errors', earlier),
  }
  const hasBar = canDraw() && !quiet
  return {
    errors: errors === undefined ? undefined : await openSink('--errors', errors, positions?.errors, hasBar),
    output: await openSink('--output', output ?? '/dev/stdout', positions?.output, hasBar),
  }
}

async function openSink(
  option: string,
  path: string,
  position: Position | undefined,
  hasBar: boolean,
): Promise<Sink> {
  const descriptor = descriptorAt(path)
  if (descriptor === undefined) return FileSink.open(option, path, position)
  const stream = descriptor === 1 ? process.stdout : process.stderr
  return new StreamSink(
    stream,
    descriptor === 1 ? 'stdout' : 'stderr',
    hasBar && stream.isTTY ? clearLine : '',
    position,
  )
}

function positionOf(name: 'output' | 'errors', { standing, acknowledged }: Earlier): Position | undefined {
  const lines = acknowledged[name]
  return lines === undefined ? standing[name] : { lines }
}
