/* Loaded into the worker thread of the command, before the first call. */
import type { Writable } from 'node:stream'
import { writeToDescriptor } from '../../channel/descriptor.js'

const stderr = 2
const clearLine = Buffer.from('\r\x1B[K')

export interface Preparation {
  /** A progress bar is drawn on stderr: what is printed takes its line, and it is drawn again below. */
  hasBar: boolean
  /** The module of the calls; undefined if it is in no file. */
  module: string | undefined
  /** 1 once it is known that it can be loaded. */
  loadable: Int32Array
}

/**
 * Sends what tasks print to stderr, since the command's stdout belongs to results; and in a worker that replaces a dead
 * one loads the module, or that would count as time of the first calls, and against their timeout.
 */
export async function prepare({ hasBar, module, loadable }: Preparation): Promise<void> {
  sendOutputToStderr(hasBar)
  if (module === undefined || Atomics.load(loadable, 0) === 0) return
  await import(module).catch(() => {}) // the calls will say so
}

/** At once, by the descriptor. What the CPU threads of this worker print comes through its streams, and ends here too. */
function sendOutputToStderr(hasBar: boolean): void {
  for (const stream of [process.stdout, process.stderr] as Writable[]) {
    stream._write = (chunk: string | Buffer, encoding, done) =>
      print([toBytes(chunk, encoding)], hasBar, done)
    stream._writev = (chunks, done) =>
      print(
        chunks.map(({ chunk, encoding }) => toBytes(chunk, encoding)),
        hasBar,
        done,
      )
  }
}

function print(chunks: readonly Buffer[], hasBar: boolean, done: (error?: Error | null) => void): void {
  try {
    writeToDescriptor(stderr, Buffer.concat(hasBar ? [clearLine, ...chunks] : chunks))
  } catch {
    // Nobody reads stderr any more, and that is no fault of a task.
  }
  done()
}

function toBytes(chunk: string | Buffer, encoding: BufferEncoding): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
}
