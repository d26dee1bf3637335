import { access, constants, readlink, realpath, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { messageOf, UsageError } from '../usage-error.js'

/**
 * Where a checkpoint really is. It is replaced by renaming, which would replace a link or a device as well.
 *
 * @throws {UsageError} if no file can be made there, or something else is there
 */
export async function findPlace(path: string): Promise<string> {
  try {
    const place = await follow(path)
    const stats = await stat(place).catch(unlessMissing)
    if (stats !== undefined && !stats.isFile()) throw new Error('it is no regular file')
    await access(dirname(place), constants.W_OK)
    return place
  } catch (error) {
    throw new UsageError(`cannot write --checkpoint ${path}: ${messageOf(error)}`)
  }
}

/** Links may lead to what is not there yet. */
async function follow(path: string): Promise<string> {
  const real = await realpath(path).catch(unlessMissing)
  if (real !== undefined) return real
  const target = await readlink(path).catch(() => undefined)
  if (target !== undefined) return follow(resolve(dirname(path), target))
  return join(await realpath(dirname(path)), basename(path))
}

function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
