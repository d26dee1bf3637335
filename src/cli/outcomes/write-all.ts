import type { FileHandle } from 'node:fs/promises'
import { messageOf } from '../usage-error.js'

/** @param position - in the file, in bytes; null appends, or writes to what has no positions */
export async function writeAll(handle: FileHandle, text: string, position: number | null): Promise<number> {
  const bytes = Buffer.from(text)
  for (let written = 0; written < bytes.length; ) {
    const at = position === null ? null : position + written
    written += (await handle.write(bytes, written, bytes.length - written, at)).bytesWritten
  }
  return bytes.length
}

/** Errors of the system do not say which file they are about. That a pipe has no reader is for others to see. */
export async function naming<T>(name: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') throw error
    throw new Error(`cannot write ${name}: ${messageOf(error)}`, { cause: error })
  }
}
