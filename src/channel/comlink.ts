import type { Transferable } from 'node:worker_threads'

type Comlink = typeof import('comlink')

let loaded: Comlink | undefined

/** Loaded at first use: nearly nobody needs it. */
export function comlink(): Comlink {
  loaded ??= require('comlink') as Comlink
  return loaded
}

let send: ((value: object) => readonly Transferable[]) | undefined

/** What `Comlink.transfer` was told of a value. Comlink does not say, except in what it sends. */
export function transferablesOf(value: object): readonly Transferable[] {
  send ??= createSender()
  return send(value)
}

/** Calls a function over an endpoint that only looks at the message, and answers so that no call stays open. */
function createSender(): (value: object) => readonly Transferable[] {
  let sent: readonly Transferable[] = []
  let answer: (event: { data: unknown }) => void = () => {}
  const call = comlink().wrap<(value: object) => void>({
    postMessage(message: { id: string }, transferList: Transferable[]) {
      sent = transferList
      answer({ data: { id: message.id } })
    },
    addEventListener(_type, listener) {
      answer = listener as unknown as typeof answer
    },
    removeEventListener() {},
  })
  return value => {
    void call(value)
    return sent
  }
}
