import { AsyncPoolExecutor, type Future } from 'async-pool-executor'
import type { Equal, Expect } from './equal.mjs'
import type { add, fetchPage, Page } from './tasks.mjs'

const executor = new AsyncPoolExecutor()

// By name, typed by the function.
const future = executor.submit<typeof fetchPage>('./tasks.mjs', 'fetchPage', ['https://example.com'])
const value = executor.run<typeof add>('./tasks.mjs', 'add', [1, 2], { priority: 1 })
const maybe = executor.trySubmit<typeof add>('./tasks.mjs', 'add', [1, 2])
const promise = executor.runAsync<typeof add>('./tasks.mjs', 'add', [1, 2])
const accepted = executor.submitAsync<typeof add>(new URL('file:///tasks.mjs'), 'add', [1, 2])
const mapped = executor.map<string, Page>('./tasks.mjs', 'fetchPage', ['a'])
const streamed = executor.stream<number>('./tasks.mjs', 'numbers', [1])
export type ByName = [
  Expect<Equal<typeof future, Future<Page>>>,
  Expect<Equal<typeof value, number>>,
  Expect<Equal<typeof maybe, Future<number> | undefined>>,
  Expect<Equal<typeof promise, Promise<number>>>,
  Expect<Equal<typeof accepted, Promise<Future<number>>>>,
  Expect<Equal<typeof mapped, IterableIterator<Page>>>,
  Expect<Equal<typeof streamed, IterableIterator<number>>>,
]
// @ts-expect-error arguments of the wrong type
executor.submit<typeof fetchPage>('./tasks.mjs', 'fetchPage', [5])
// @ts-expect-error arguments are an array
executor.run('./tasks.mjs', 'add', 1, 2)
// @ts-expect-error a function is known by its name
executor.run('./tasks.mjs', 5)
// @ts-expect-error an option that does not exist
executor.run('./tasks.mjs', 'add', [1, 2], { retries: 1 })

// The function itself.
const double = async (value: number) => value * 2
const inline = executor.submit(double, [21])
const inlineValue = executor.run((a: string, b: string) => a + b, ['a', 'b'])
const inlineMaybe = executor.trySubmit(double, [21], { timeout: 5 })
const inlinePromise = executor.runAsync(async () => 'value' as const)
const inlineAccepted = executor.submitAsync(double, [21])
const inlineMapped = executor.map(async (url: string) => url.length, ['a', 'b'], { lookAhead: 2 })
const inferred = executor.map(one => one.length, ['a', 'b'])
const inlineMappedLater = executor.mapAsync(double, [1, 2])
const inlineStreamed = executor.stream(
  async function* (count: number) {
    for (let number = 0; number < count; number++) yield number
  },
  [3],
)
const inlineStreamedLater = executor.streamAsync(function* () {
  yield Promise.resolve('item')
})
export type Inline = [
  Expect<Equal<typeof inline, Future<number>>>,
  Expect<Equal<typeof inlineValue, string>>,
  Expect<Equal<typeof inlineMaybe, Future<number> | undefined>>,
  Expect<Equal<typeof inlinePromise, Promise<'value'>>>,
  Expect<Equal<typeof inlineAccepted, Promise<Future<number>>>>,
  Expect<Equal<typeof inlineMapped, IterableIterator<number>>>,
  Expect<Equal<typeof inferred, IterableIterator<number>>>,
  Expect<Equal<typeof inlineMappedLater, AsyncIterableIterator<number>>>,
  Expect<Equal<typeof inlineStreamed, IterableIterator<number>>>,
  Expect<Equal<typeof inlineStreamedLater, AsyncIterableIterator<string>>>,
]
// @ts-expect-error arguments of the wrong type
executor.submit(double, ['21'])
// @ts-expect-error arguments too many
executor.run(double, [1, 2])
// @ts-expect-error items of the wrong type
executor.map(double, ['1'])
// @ts-expect-error a name is for a module
executor.submit(double, 'double', [1])
// @ts-expect-error a class is no function
executor.submit(class {}, [])
