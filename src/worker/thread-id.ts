import { readlinkSync } from 'node:fs'

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
