import type { TaskFunction } from './function-names.js'
import type { Future } from './future.js'
import { checkMapOptions } from './option-checks.js'
import type { MapOptions, TaskOptions } from './options.js'

// biome-ignore lint/suspicious/noExplicitAny: what is yielded, returned and sent does not matter here
type AnyIterator = Iterator<any, any, any> | AsyncIterator<any, any, any> | AsyncIterable<any>

/** Of these, what `for` and `for await` take. */
// biome-ignore lint/suspicious/noExplicitAny: as above
type AnyStream = (Iterator<any, any, any> & Iterable<any>) | AsyncIterable<any>

/** Names that JavaScript itself looks for on any object: a facade has no functions under these. */
// biome-ignore lint/complexity/noBannedTypes: meant are the members that every object inherits
type Reserved = 'then' | 'toJSON' | 'prototype' | keyof Object

/**
 * What can be called of a module: its functions, and those of an object that it exports by default. Which of these that
 * only inherits, as an instance its methods, no type says; they are not found.
 */
type Exported<M> = Omit<M extends { default: infer D extends object } ? Omit<D, keyof M> & M : M, Reserved>

/** Distributes over what a function may return; `never`, of functions that only throw, is no iterator. */
type IsIterator<T> = [T] extends [never] ? false : T extends AnyIterator ? true : false

/** The names of the functions that give a value, or a promise of one, and not what only a stream can read. */
type ValueNames<M> = {
  [Name in keyof M]: M[Name] extends TaskFunction
    ? false extends IsIterator<Awaited<ReturnType<M[Name]>>>
      ? Name
      : never
    : never
}[keyof M]

/** The names of those that can be called with one item. */
type MapNames<M> = {
  // biome-ignore lint/suspicious/noExplicitAny: how many parameters it needs is the question, not which
  [Name in ValueNames<M>]: M[Name] extends (item: any) => unknown ? Name : never
}[ValueNames<M>]

/** The names of generators, and of functions that return an iterator for `for`, or something for `for await`. */
type StreamNames<M> = {
  [Name in keyof M]: M[Name] extends TaskFunction
    ? [Awaited<ReturnType<M[Name]>>] extends [never]
      ? never
      : Awaited<ReturnType<M[Name]>> extends AnyStream
        ? Name
        : never
    : never
}[keyof M]

type Result<F> = F extends TaskFunction ? Awaited<ReturnType<F>> : never
type Arguments<F> = F extends TaskFunction ? Parameters<F> : never

/** The items of what a function returns. */
export type Streamed<F extends TaskFunction> =
  Awaited<ReturnType<F>> extends AsyncIterable<infer Item>
    ? Item
    : Awaited<ReturnType<F>> extends Iterable<infer Item>
      ? Awaited<Item>
      : never
type Items<F> = F extends TaskFunction ? Streamed<F> : never

/**
 * The functions of a module, by what is done with them and by name. Those that give a value are everywhere but under
 * `stream` and `streamAsync`, where the generators are. Of an object that is exported by default these are its own
 * functions: what it inherits, as an instance the methods of its class, is not found, though its type offers it.
 *
 * @typeParam M - the type of the module: `typeof import('./tasks.js')`
 * @example
 * const tasks = executor.module<typeof import('./tasks.js')>('./tasks.js')
 * const future = tasks.submit.fetchPage(url)
 * for (const page of tasks.map.fetchPage(urls)) console.log(page.title)
 */
export type ModuleFacade<M> = FacadeOf<Exported<M>>

interface FacadeOf<M> {
  /** As {@link AsyncPoolExecutor.run}: blocks for the value. */
  readonly run: { readonly [Name in ValueNames<M>]: (...args: Arguments<M[Name]>) => Result<M[Name]> }
  /** As {@link AsyncPoolExecutor.submit}: blocks while the queue is full. */
  readonly submit: {
    readonly [Name in ValueNames<M>]: (...args: Arguments<M[Name]>) => Future<Result<M[Name]>>
  }
  /** As {@link AsyncPoolExecutor.trySubmit}: undefined when the queue is full. */
  readonly trySubmit: {
    readonly [Name in ValueNames<M>]: (...args: Arguments<M[Name]>) => Future<Result<M[Name]>> | undefined
  }
  /** As {@link AsyncPoolExecutor.runAsync}: a promise of the value. */
  readonly runAsync: {
    readonly [Name in ValueNames<M>]: (...args: Arguments<M[Name]>) => Promise<Result<M[Name]>>
  }
  /** As {@link AsyncPoolExecutor.submitAsync}: a promise that waits for queue space. */
  readonly submitAsync: {
    readonly [Name in ValueNames<M>]: (...args: Arguments<M[Name]>) => Promise<Future<Result<M[Name]>>>
  }
  /** As {@link AsyncPoolExecutor.map}, over items for the function's first parameter. */
  readonly map: {
    readonly [Name in MapNames<M>]: (
      items: Iterable<Arguments<M[Name]>[0]>,
      options?: MapOptions,
    ) => IterableIterator<Result<M[Name]>>
  }
  /** As {@link AsyncPoolExecutor.mapAsync}, over items for the function's first parameter. */
  readonly mapAsync: {
    readonly [Name in MapNames<M>]: (
      items: Iterable<Arguments<M[Name]>[0]> | AsyncIterable<Arguments<M[Name]>[0]>,
      options?: MapOptions,
    ) => AsyncIterableIterator<Result<M[Name]>>
  }
  /** As {@link AsyncPoolExecutor.stream}: the items of a generator. */
  readonly stream: {
    readonly [Name in StreamNames<M>]: (...args: Arguments<M[Name]>) => IterableIterator<Items<M[Name]>>
  }
  /** As {@link AsyncPoolExecutor.streamAsync}: the items of a generator, for `for await`. */
  readonly streamAsync: {
    readonly [Name in StreamNames<M>]: (...args: Arguments<M[Name]>) => AsyncIterableIterator<Items<M[Name]>>
  }
}

/** The methods of an executor, in the form that takes a module. */
type Methods = Record<
  keyof FacadeOf<unknown>,
  // biome-ignore lint/suspicious/noExplicitAny: arguments or items, according to the method
  (modulePath: string, fnName: string, input: any, options: TaskOptions | undefined) => unknown
>

/** @param options - for every call; streams are sent without what no stream can be */
export function createFacade<M>(
  executor: Methods,
  modulePath: string,
  options: TaskOptions | undefined,
): ModuleFacade<M> {
  const { idempotent: _, offload: __, ...streamOptions } = options ?? {}
  const calls = (verb: keyof Methods, callOptions = options) =>
    byName(
      name =>
        (...args) =>
          executor[verb](modulePath, name, args, callOptions),
    )
  const maps = (verb: 'map' | 'mapAsync') =>
    byName(name => (items: unknown, mapOptions?: MapOptions) => {
      // First: spread, many a wrong value would pass, and what is inherited would be lost.
      const checked = mapOptions === undefined ? {} : checkMapOptions(mapOptions)
      return executor[verb](modulePath, name, items, { ...options, ...checked })
    })
  const facade: Record<keyof Methods, object> = {
    run: calls('run'),
    submit: calls('submit'),
    trySubmit: calls('trySubmit'),
    runAsync: calls('runAsync'),
    submitAsync: calls('submitAsync'),
    map: maps('map'),
    mapAsync: maps('mapAsync'),
    stream: calls('stream', streamOptions),
    streamAsync: calls('streamAsync', streamOptions),
  }
  return Object.freeze(facade) as ModuleFacade<M>
}

/**
 * An object that has a function under every name, made at the first look. Which names the module exports is not
 * known here; those that JavaScript itself looks for on any object are left out, so that a facade that is awaited,
 * printed or compared does not submit anything.
 */
function byName(create: (name: string) => TaskFunction): object {
  const made = new Map<string, TaskFunction>()
  return new Proxy(Object.freeze(Object.create(null)), {
    get(_target, name) {
      if (typeof name === 'symbol' || reserved.has(name)) return undefined
      let call = made.get(name)
      if (call === undefined) {
        call = create(name)
        made.set(name, call)
      }
      return call
    },
  })
}

const reserved = new Set(['then', 'toJSON', 'prototype', ...Object.getOwnPropertyNames(Object.prototype)])
