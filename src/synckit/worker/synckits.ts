import { parentPort, workerData } from 'node:worker_threads'
import type { Register } from '../registration.js'
import type { AnyFn, StdioChunk } from '../types.js'

/** How synckit's `runAsWorker` is called, and how it answers. */
type Listener = (request: { id: number; args: unknown[] }) => void
type Answer = { id: number; stdio: StdioChunk[] } & ({ result: unknown } | { error: unknown })

/**
 * Takes functions also from the `runAsWorker` of synckit 0.12 itself, in case a worker file, of another package
 * perhaps, still imports that. It expects a port and shared memory in `workerData`, listens to `parentPort` and answers
 * through its port. All of it stays in this thread, so nothing is copied.
 */
export function acceptSynckits(register: Register): void {
  if (parentPort === null) return
  const calls = new Map<number, { resolve(value: unknown): void; reject(reason: unknown): void }>()
  let isAsked = false
  const port = {
    on() {},
    off() {},
    postMessage(answer: Answer) {
      for (const { type, chunk, encoding } of answer.stdio) process[type].write(chunk as string, encoding)
      const waiting = calls.get(answer.id)
      calls.delete(answer.id)
      if ('result' in answer) waiting?.resolve(answer.result)
      else waiting?.reject(answer.error)
    },
  }
  Object.defineProperties(workerData, {
    workerPort: {
      get() {
        isAsked = true
        return port
      },
    },
    // Not there at the first look, before the port's: that one is of a guard which would end the thread on errors that
    // are reported anyway. `runAsWorker` looks at the port first.
    sharedBufferView: { get: () => (isAsked ? new Int32Array(new SharedArrayBuffer(4)) : undefined) },
  })
  const { on } = parentPort
  parentPort.on = function (this: typeof parentPort, event: string, listener: (value: unknown) => void) {
    if (event !== 'message' || !isAsked) return Reflect.apply(on, this, [event, listener])
    register(callsOf(listener as Listener, calls))
    return this
  } as typeof on
}

function callsOf(
  listener: Listener,
  calls: Map<number, { resolve(value: unknown): void; reject(reason: unknown): void }>,
): AnyFn {
  let lastId = 0
  return (...args) =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      calls.set(id, { resolve, reject })
      listener({ id, args })
    })
}
