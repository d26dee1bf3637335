import { existsSync, readlinkSync } from 'node:fs'

/**
 * The number that the system knows this thread by; 0 where it does not say. On Linux the link `/proc/thread-self`
 * ends with it (proc(5)), and a folder of that name is there for as long as the thread lives.
 */
export function systemThreadId(): number {
  if (process.platform !== 'linux') return 0
  try {
    return Number(/\d+$/.exec(readlinkSync('/proc/thread-self'))?.[0] ?? 0)
  } catch {
    return 0 // there is no /proc, or the permission model keeps it closed: then there is nothing to look at
  }
}

/** Linux has a folder here for each thread of the process, until the thread ends (proc(5)). */
const threads = '/proc/self/task'

/**
 * True if the system had a thread of this number and has it no more: what is left to look at where the probe does not
 * work. False where the system tells nothing (0), and where this thread may not look.
 */
export function threadIsGone(id: number): boolean {
  return id !== 0 && existsSync(threads) && !existsSync(`${threads}/${id}`)
}
