import type { AsyncPoolExecutor } from './executor.js'
import type { TaskFunction } from './function-names.js'
import type { Future } from './future.js'
import { checkMapOptions } from './option-checks.js'
import type { MapOptions, TaskOptions } from './options.js'

// biome-ignore lint/suspicious/noExplicitAny: what is yielded, returned and sent does not matter here
type AnyIterator = Iterator<any, any, any> | AsyncIterator<any, any, any>

/** What can be called of a module: its functions, and those of an object that it exports by default. */
type Exported<M> = M extends { default: infer D extends object } ? Omit<D, keyof M> & M : M

type IsIterator<T> = [T] extends [never] ? false : T extends AnyIterator ? true : false

/** The names of the functions that give a value, or a promise of one. */
type ValueNames<M> = {
  [Name in keyof M]: M[Name] extends TaskFunction
    ? false extends IsIterator<ReturnType<M[Name]>>
      ? Name
      : never
    : never
}[keyof M]

type Result<F> = F extends TaskFunction ? Awaited<ReturnType<F>> : never
type Arguments<F> = F extends TaskFunction ? Parameters<F> : never

type Calls<M> = { readonly [Name in ValueNames<M>]: (...args: Arguments<M[Name]>) => Result<M[Name]> }
type Submits<M> = {
  readonly [Name in ValueNames<M>]: (...args: Arguments<M[Name]>) => Future<Result<M[Name]>>
}
type Tries<M> = {
  readonly [Name in ValueNames<M>]: (...args: Arguments<M[Name]>) => Future<Result<M[Name]>> | undefined
}
type Maps<M> = {
  readonly [Name in ValueNames<M>]: (
    items: Iterable<Arguments<M[Name]>[0]>,
    options?: MapOptions,
  ) => IterableIterator<Result<M[Name]>>
}

/**
 * The functions of a module, by what is done with them and by name. Generators are left out where a single value is
 * expected.
 *
 * @typeParam M - the type of the module: `typeof import('./tasks.js')`
 * @example
 * const tasks = executor.module<typeof import('./tasks.js')>('./tasks.js')
 * const future = tasks.submit.fetchPage(url)
 * for (const page of tasks.map.fetchPage(urls)) console.log(page.title)
 */
export interface ModuleFacade<M> {
  /** As {@link AsyncPoolExecutor.run}: blocks for the value. */
  readonly run: Calls<Exported<M>>
  /** As {@link AsyncPoolExecutor.submit}. */
  readonly submit: Submits<Exported<M>>
  /** As {@link AsyncPoolExecutor.trySubmit}. */
  readonly trySubmit: Tries<Exported<M>>
  /** As {@link AsyncPoolExecutor.map}, over items for the function's first parameter. */
  readonly map: Maps<Exported<M>>
}

/** What a facade needs of its executor. */
type Executor = Pick<AsyncPoolExecutor, 'run' | 'submit' | 'trySubmit' | 'map'>

/** @param options - for every call */
export function createFacade<M>(
  executor: Executor,
  modulePath: string,
  options: TaskOptions | undefined,
): ModuleFacade<M> {
  const facade: Record<keyof ModuleFacade<M>, object> = {
    run: byName(
      name =>
        (...args) =>
          executor.run(modulePath, name, args, options),
    ),
    submit: byName(
      name =>
        (...args) =>
          executor.submit(modulePath, name, args, options),
    ),
    trySubmit: byName(
      name =>
        (...args) =>
          executor.trySubmit(modulePath, name, args, options),
    ),
    map: byName(name => (items: Iterable<unknown>, mapOptions?: MapOptions) => {
      if (mapOptions !== undefined) checkMapOptions(mapOptions) // first: spread, many a wrong value would pass
      return executor.map(modulePath, name, items, { ...options, ...mapOptions })
    }),
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
