import { AsyncPoolExecutor, type Future, type ModuleFacade } from 'async-pool-executor'
import type { Equal, Expect } from './equal.mjs'
import type { Page } from './tasks.mjs'

const executor = new AsyncPoolExecutor()
const tasks = executor.module<typeof import('./tasks.mjs')>('./tasks.mjs', { timeout: 1000 })

// Arguments and results are those of the module's functions.
const page = tasks.run.fetchPage('https://example.com')
const future = tasks.submit.fetchPage('https://example.com', 3)
const maybe = tasks.trySubmit.add(1, 2)
const promise = tasks.runAsync.fetchPage('https://example.com')
const accepted = tasks.submitAsync.add(1, 2)
const pages = tasks.map.fetchPage(['a', 'b'], { lookAhead: 2 })
const pagesLater = tasks.mapAsync.fetchPage(new Set(['a']))
const list = tasks.run.toList('abc')
const answer = tasks.run.inDefault(true)
const untyped = tasks.run.untyped({})
export type Results = [
  Expect<Equal<typeof page, Page>>,
  Expect<Equal<typeof future, Future<Page>>>,
  Expect<Equal<typeof maybe, Future<number> | undefined>>,
  Expect<Equal<typeof promise, Promise<Page>>>,
  Expect<Equal<typeof accepted, Promise<Future<number>>>>,
  Expect<Equal<typeof pages, IterableIterator<Page>>>,
  Expect<Equal<typeof pagesLater, AsyncIterableIterator<Page>>>,
  Expect<Equal<typeof list, string[]>>,
  Expect<Equal<typeof answer, 'yes' | 'no'>>,
  // biome-ignore lint/suspicious/noExplicitAny: as the function says
  Expect<Equal<typeof untyped, any>>,
  Expect<Equal<ReturnType<typeof tasks.run.fail>, never>>,
]

// @ts-expect-error an argument of the wrong type
tasks.run.fetchPage(5)
// @ts-expect-error an argument too few
tasks.run.add(1)
// @ts-expect-error an argument too many
tasks.submit.add(1, 2, 3)
// @ts-expect-error items of the wrong type
tasks.map.fetchPage([1, 2])
// @ts-expect-error a function that needs two arguments
tasks.map.add([1, 2])
// @ts-expect-error a function that needs two arguments
tasks.mapAsync.add([1, 2])
// @ts-expect-error an async iterable cannot be waited for
tasks.map.fetchPage(tasks.mapAsync.toList(['a']))
// @ts-expect-error an option that does not exist
tasks.map.fetchPage(['a'], { lookahead: 1 })
// @ts-expect-error the result is awaited already
tasks.run.fetchPage('a').then(() => {})

// Generators are under `stream`, and nowhere else.
const numbers = tasks.stream.numbers(10)
const promises = tasks.stream.promises()
const rows = tasks.stream.rows()
const entries = tasks.stream.entries()
const chunks = tasks.stream.download()
const anything = tasks.map.untyped([1])
const none = tasks.map.nothing([undefined])
const numbersLater = tasks.streamAsync.numbers(10)
export type Streams = [
  Expect<Equal<typeof numbers, IterableIterator<number>>>,
  Expect<Equal<typeof promises, IterableIterator<string>>>,
  Expect<Equal<typeof rows, IterableIterator<{ id: number }>>>,
  Expect<Equal<typeof entries, IterableIterator<[string, number]>>>,
  Expect<Equal<typeof chunks, IterableIterator<Uint8Array>>>,
  // biome-ignore lint/suspicious/noExplicitAny: as the function says
  Expect<Equal<typeof anything, IterableIterator<any>>>,
  Expect<Equal<typeof none, IterableIterator<string>>>,
  Expect<Equal<typeof numbersLater, AsyncIterableIterator<number>>>,
]
// @ts-expect-error an argument of the wrong type
tasks.stream.numbers('10')
// @ts-expect-error a generator has no single value
tasks.run.numbers(10)
// @ts-expect-error a generator has no single value
tasks.submit.promises()
// @ts-expect-error a generator has no single value
tasks.map.numbers([1])
// @ts-expect-error what it gives can only be streamed
tasks.run.rows()
// @ts-expect-error what it gives can only be streamed
tasks.runAsync.download()
// @ts-expect-error no generator
tasks.stream.fetchPage('a')
// @ts-expect-error no generator, though its value can be iterated over
tasks.stream.toList('abc')
// @ts-expect-error an iterator that no loop takes
tasks.stream.bare()
// @ts-expect-error an iterator that no loop takes
tasks.streamAsync.bareAsync()
// @ts-expect-error nor can it be carried
tasks.run.bare()
// @ts-expect-error it never returns
tasks.stream.fail('no')

// Only functions are offered, and none that a promise would look for.
// @ts-expect-error no function
tasks.run.version
// @ts-expect-error a class is not called
tasks.run.Connection
// @ts-expect-error not exported
tasks.run.missing
// @ts-expect-error would make the facade a thenable
tasks.run.then
// @ts-expect-error facades do not change
tasks.run.add = () => 0
// @ts-expect-error the options are those of tasks
executor.module<typeof import('./tasks.mjs')>('./tasks.mjs', { size: 1 })

export type Named = Expect<Equal<typeof tasks, ModuleFacade<typeof import('./tasks.mjs')>>>

// Types of modules that are not one's own.
const files = executor.module<typeof import('node:fs/promises')>('node:fs/promises')
const text: string = files.run.readFile('notes.txt', 'utf8').toString()

export { text }
