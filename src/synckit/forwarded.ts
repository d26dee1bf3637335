import { createRequire } from 'node:module'
import { ExecutorError } from '../channel/errors.js'
import type { TsRunner } from './constants.js'
import type { GlobalShim, StdioChunk } from './types.js'

/*
 * Helpers of synckit that `createSyncFn` and `runAsWorker` do not need here: they are synckit's own, an optional peer
 * that is loaded when one of them is called.
 */

/** What `setupTsRunner` finds out about a worker file. */
export interface TsRunnerSetup {
  ext: string
  isTs: boolean
  jsUseEsm: boolean
  tsRunner: TsRunner | undefined
  tsUseEsm: boolean
  workerPath: string
  pnpApiPath: string | undefined
  pnpLoaderPath: string | undefined
  execArgv: string[]
}

export interface Helpers {
  dataUrl(code: string): URL
  encodeImportModule(moduleNameOrGlobalShim: GlobalShim | string, type?: 'import' | 'require'): string
  generateGlobals(
    workerPath: string,
    globalShims: GlobalShim[],
    type?: 'import' | 'require',
    execArgv?: string[],
  ): string
  _generateGlobals(globalShims: GlobalShim[], type: 'import' | 'require'): string
  hasFlag(flag: string): boolean
  md5Hash(text: string): string
  overrideStdio(stdio: StdioChunk[]): void
  setupTsRunner(workerPath: string, options?: { execArgv?: string[]; tsRunner?: TsRunner }): TsRunnerSetup
}

/** Marks what is of this package, in case `synckit` has been replaced by it. */
export const mark: unique symbol = Symbol.for('async-pool-executor/synckit')

/**
 * @param length - how many parameters it has, as functions say it
 * @throws {ExecutorError} when the helper is called and synckit is not there
 */
export function forward<Name extends keyof Helpers>(name: Name, length: number): Helpers[Name] {
  const helper = (...args: unknown[]) => Reflect.apply(find(name), undefined, args)
  Object.defineProperties(helper, { name: { value: name }, length: { value: length } })
  return Object.assign(helper, { [mark]: true }) as unknown as Helpers[Name]
}

function find<Name extends keyof Helpers>(name: Name): Helpers[Name] {
  let helpers: Helpers
  try {
    helpers = createRequire(__filename)('synckit') as Helpers
  } catch (cause) {
    throw new ExecutorError(missing(name, 'which could not be loaded'), { cause })
  }
  if (mark in helpers[name]) throw new ExecutorError(missing(name, 'and "synckit" is this package here'))
  return helpers[name]
}

function missing(name: string, why: string): string {
  return `${name}() of async-pool-executor/synckit is a helper of the package synckit 0.12, ${why}`
}

/** synckit's: a `data:` URL of code. */
export const dataUrl: Helpers['dataUrl'] = forward('dataUrl', 1)
/** synckit's: the code that loads a module or a global shim. */
export const encodeImportModule: Helpers['encodeImportModule'] = forward('encodeImportModule', 1)
/** synckit's: the code that loads global shims as a worker file would. */
export const generateGlobals: Helpers['generateGlobals'] = forward('generateGlobals', 2)
/** synckit's: whether this process was started with a flag. */
export const hasFlag: Helpers['hasFlag'] = forward('hasFlag', 1)
/** synckit's: the MD5 hash in hexadecimal. */
export const md5Hash: Helpers['md5Hash'] = forward('md5Hash', 1)
/** synckit's: collects what this thread writes to stdout and stderr. */
export const overrideStdio: Helpers['overrideStdio'] = forward('overrideStdio', 1)
/** synckit's: what a worker file is, and the flags that it needs. */
export const setupTsRunner: Helpers['setupTsRunner'] = forward('setupTsRunner', 1)
