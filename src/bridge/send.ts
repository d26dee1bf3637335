import type { Transferable } from 'node:worker_threads'
import { isRefusal, isTransferRefusal, notCloneable } from '../channel/cloneable.js'
import { invalidType } from '../channel/validate.js'
import { beginWriting } from './callback.js'
import type { Link } from './link.js'
import type { Task } from './task.js'

/**
 * Hands a task to a worker. False if that is known to be gone.
 *
 * @throws {NotCloneableError} if structured clone refuses an argument
 * @throws {TypeError} ERR_INVALID_ARG_TYPE if the transfer list is refused
 */
export function send(link: Link, task: Task, transferList?: readonly Transferable[]): boolean {
  const { fn, args } = task
  link.define(fn)
  const outer = beginWriting(task)
  try {
    return link.run(task, transferList)
  } catch (error) {
    if (isTransferRefusal(error))
      throw invalidType('options.transferList', 'an array of transferable objects', transferList, error)
    if (!isRefusal(error)) throw error
    const moved = link.canTransfer ? transferList : []
    throw notCloneable('args', args, error, `the arguments of ${fn.label}`, moved)
  } finally {
    beginWriting(outer)
  }
}
