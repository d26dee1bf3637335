import type { Writable } from 'node:stream'
import { writeToDescriptor } from '../channel/descriptor.js'

type WriteCallback = (error?: Error | null) => void

/**
 * A worker's `process.stdout` and `process.stderr` travel through the parent's event loop: nothing appears
 * while the parent is blocked, and all that is under way is lost when it exits. Writing to the descriptor
 * keeps output complete and in order.
 */
export function writeDirectly(): void {
  redirect(process.stdout, 1)
  redirect(process.stderr, 2)
}

export function discardOutput(): void {
  for (const stream of [process.stdout, process.stderr]) replaceWrites(stream, (_bytes, done) => done())
}

function redirect(stream: Writable, descriptor: number): void {
  replaceWrites(stream, (bytes, done) => {
    try {
      writeToDescriptor(descriptor, bytes)
    } catch (error) {
      done(error as Error)
      return
    }
    done()
  })
}

function replaceWrites(stream: Writable, write: (bytes: Buffer, done: WriteCallback) => void): void {
  stream._write = (chunk: string | Buffer, encoding: BufferEncoding, done: WriteCallback) =>
    write(toBytes(chunk, encoding), done)
  stream._writev = (chunks: { chunk: string | Buffer; encoding: BufferEncoding }[], done: WriteCallback) =>
    write(Buffer.concat(chunks.map(({ chunk, encoding }) => toBytes(chunk, encoding))), done)
}

function toBytes(chunk: string | Buffer, encoding: BufferEncoding): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
}
