import { readFileSync, readlinkSync } from 'node:fs'
import { threadId, type Worker } from 'node:worker_threads'
import { now } from '../channel/clock.js'
import { isMarkedDead, markThreadDead } from '../channel/threads.js'

/*
 * Whether the thread that holds something still lives. What a blocked thread can go by: a mark in the table of deaths
 * (channel/threads.ts), made by an executor that lost its worker or by the thread that started a worker and got its
 * 'exit' event; and on Linux the system itself, which lists the threads of a process under /proc.
 */

/** A thread as the system knows it. Ids are used again, so that only the time of the start makes it certain. */
export interface OsThread {
  /** 0: not known. */
  readonly id: number
  /** In ticks since the system's start. */
  readonly start: number
}

/** What a slot says of its thread. */
export interface Holder extends OsThread {
  readonly threadId: number
}

const unknown: OsThread = { id: 0, start: 0 }

/** How long a thread that was seen alive is believed to be, in ms. */
const trust = 40

/** When threads were last seen alive. */
const lastSeen = new Map<number, number>()

let own: OsThread | undefined

/** The calling thread. */
export function ownOsThread(): OsThread {
  own ??= readOwn()
  return own
}

export function isDead(holder: Holder): boolean {
  if (holder.threadId === threadId) return false
  const isFound = isMarkedDead(holder.threadId) || isGone(holder)
  if (isFound) lastSeen.delete(holder.threadId)
  return isFound
}

/** Asks the system, where it tells, and marks the thread for all others if it is gone. */
function isGone(holder: Holder): boolean {
  if (holder.id === 0 || ownOsThread().id === 0) return false
  const time = now()
  if (time - (lastSeen.get(holder.threadId) ?? Number.NEGATIVE_INFINITY) < trust) return false
  if (isListed(holder) || !isListed(ownOsThread())) {
    lastSeen.set(holder.threadId, time)
    return false
  }
  markThreadDead(holder.threadId)
  return true
}

let listening = false

/** Marks workers that the calling thread starts from now on, when their 'exit' event says that they have ended. */
export function watchWorkers(): void {
  if (listening) return
  listening = true
  process.on('worker', (worker: Worker) => {
    const { threadId: id } = worker // shows -1 later
    worker.on('exit', () => markThreadDead(id))
  })
}

function readOwn(): OsThread {
  if (process.platform !== 'linux') return unknown
  try {
    const id = Number(readlinkSync('/proc/thread-self').split('/').pop())
    return { id, start: startOf(id) }
  } catch {
    return unknown // no /proc here, or no permission to read it: deaths are still marked by others
  }
}

/** Whether the process has this thread; true too where the system refuses to say. */
function isListed({ id, start }: OsThread): boolean {
  try {
    return startOf(id) === start
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'ENOENT' && code !== 'ESRCH' // the latter if it ends while it is being read
  }
}

function startOf(id: number): number {
  const stat = readFileSync(`/proc/self/task/${id}/stat`, 'latin1')
  // The 22nd field; the second one, the name, is in parentheses and may hold anything (proc_pid_stat(5)).
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]) | 0
}
