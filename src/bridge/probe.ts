import { existsSync } from 'node:fs'
import { MessageChannel } from 'node:worker_threads'

let probeAnswers: boolean | undefined

/** Whether posting to a port tells, in this runtime, that the other end lives. */
export function probeWorks(): boolean {
  if (probeAnswers === undefined) {
    const { port1, port2 } = new MessageChannel()
    const answer: unknown = port1.postMessage(0)
    probeAnswers = answer === true
    port2.close()
  }
  return probeAnswers
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
