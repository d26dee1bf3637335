import type { FileHandle } from 'node:fs/promises'

/** @param position - in the file, in bytes; null appends, or writes to what has no positions */
export async function writeAll(handle: FileHandle, text: string, position: number | null): Promise<number> {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length; ) {
    const at = position === null ? null : position + written
    written += (await handle.write(bytes, written, bytes.length - written, at)).bytesWritten
  }
  return bytes.length
}
