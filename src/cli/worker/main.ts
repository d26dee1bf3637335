/* Loaded into the worker thread of the command, before the first call. */

const clearLine = '\r\x1B[K'

/**
 * The command's stdout belongs to its results, so what tasks print goes to stderr, by the descriptor and not through
 * the command's event loop.
 *
 * @param hasBar - a progress bar is drawn there: what is printed takes its line, and it is drawn again below
 */
export function sendOutputToStderr(hasBar: boolean): void {
  const { stdout, stderr } = process
  const write = stderr._write.bind(stderr)
  const print: typeof write = (chunk, encoding, done) =>
    hasBar ? write(concat(chunk, encoding), 'utf8', done) : write(chunk, encoding, done)
  for (const stream of [stdout, stderr]) {
    stream._write = print
    stream._writev = (chunks, done) =>
      print(Buffer.concat(chunks.map(({ chunk, encoding }) => toBytes(chunk, encoding))), 'utf8', done)
  }
}

function concat(chunk: string | Buffer, encoding: BufferEncoding): Buffer {
  return Buffer.concat([Buffer.from(clearLine), toBytes(chunk, encoding)])
}

function toBytes(chunk: string | Buffer, encoding: BufferEncoding): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk
}
