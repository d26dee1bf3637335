/* A module of tasks of many kinds, for the types. It is never run. */

export interface Page {
  url: string
  length: number
}

export async function fetchPage(url: string, retries?: number): Promise<Page> {
  return { url, length: retries ?? 0 }
}

export const add = (a: number, b: number): number => a + b

export function fail(message: string): never {
  throw new Error(message)
}

// biome-ignore lint/suspicious/noExplicitAny: a function that says nothing of its value
export function untyped(value: unknown): any {
  return value
}

export function toList(text: string): string[] {
  return [...text]
}

export async function* numbers(count: number): AsyncGenerator<number, void, undefined> {
  for (let number = 0; number < count; number++) yield number
}

export function* promises(): Generator<Promise<string>, void, undefined> {
  yield Promise.resolve('item')
}

export async function rows(): Promise<AsyncIterable<{ id: number }>> {
  return (async function* () {
    yield { id: 1 }
  })()
}

export function bare(): Iterator<number> {
  return [1][Symbol.iterator]()
}

export async function bareAsync(): Promise<AsyncIterator<number>> {
  return numbers(1)
}

export function entries(): MapIterator<[string, number]> {
  return new Map([['a', 1]]).entries()
}

export async function download(): Promise<ReadableStream<Uint8Array>> {
  return new ReadableStream<Uint8Array>()
}

export const nothing = (): string => 'takes no arguments'

export class Connection {
  readonly url = ''
}

export const version = '1.0.0'

// biome-ignore lint/suspicious/noThenProperty: facades must not offer it
export const then = (resolve: () => void): void => resolve()

export default {
  async inDefault(flag: boolean): Promise<'yes' | 'no'> {
    return flag ? 'yes' : 'no'
  },
}
