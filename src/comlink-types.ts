import type { Transferable as NodeTransferable } from 'node:worker_threads'

export type { Remote } from 'comlink'

/*
 * The declarations of comlink 4.4 name types of the DOM library. A program that does not load that library, and has
 * `skipLibCheck` off, does not compile with them (GoogleChromeLabs/comlink has no declarations for Node). So they find
 * the types here: what the globals of the program are, which is the DOM's where it is loaded and Node's elsewhere.
 */

type Port = typeof globalThis extends { MessagePort: { prototype: infer T } } ? T : never

type Listener = NonNullable<Parameters<EventTarget['addEventListener']>[1]>

type Transferred =
  | NodeTransferable
  | (Port extends { postMessage(message: unknown, options?: infer O): void } ? ItemOf<O> : never)

type ItemOf<O> = O extends readonly (infer T)[] ? T : O extends { transfer?: (infer T)[] } ? T : never

declare module 'comlink' {
  export type MessagePort = Port
  export type Transferable = Transferred
}

declare module 'comlink/dist/umd/protocol.js' {
  export type EventListenerOrEventListenerObject = Listener
  export type Transferable = Transferred
}
