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
