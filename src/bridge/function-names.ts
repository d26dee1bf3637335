import { dirname, isAbsolute, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { functionName } from '../channel/function-name.js'
import { type FunctionAddress, labelOf, type ModuleFunction } from '../channel/records.js'
import { invalidType } from '../channel/validate.js'
import { sourceOf } from './inline.js'

/** What `submit` takes for a module: absolute path, `file:` URL, package name, `node:` builtin or `./relative`. */
export type ModulePath = string | URL

// biome-ignore lint/suspicious/noExplicitAny: parameters of a function type are only inferred from `any`
export type TaskFunction = (...args: any[]) => unknown

/** A function as the channel knows it: named once, then called by number. */
export interface FunctionName {
  readonly number: number
  readonly address: FunctionAddress
  /** What messages call it: `tasks.js#fetchPage`. */
  readonly label: string
}

/** So many members of a module have names of their own in messages; who reads `remote.table[key]` may make up any number. */
const mostMembers = 1000

/** A module as `remote()` uses it: gives the name for one of its members. */
export type RemoteModule = (member: string) => FunctionName

/** The functions that one executor has been asked for. */
export class FunctionNames {
  readonly #base: string
  readonly #modules = new Map<string, Map<string, FunctionName>>()
  readonly #remotes = new Map<string, RemoteModule>()
  /** Functions that were given themselves. Most are new objects at each submit: below that they count by their text. */
  readonly #inline = new WeakMap<TaskFunction, FunctionName>()
  readonly #sources = new Map<string, FunctionName>()
  #count = 0

  /** @param base - `file:` URL of the file that './relative' is relative to */
  constructor(base: string) {
    this.#base = base
  }

  find(modulePath: ModulePath, name: string): FunctionName {
    const path = typeof modulePath === 'string' ? modulePath : hrefOf(modulePath)
    return this.#modules.get(path)?.get(name) ?? this.#add(path, name)
  }

  /** @throws {TypeError} ERR_INVALID_ARG_TYPE if that cannot be the address of a module */
  findRemote(modulePath: ModulePath): RemoteModule {
    const path = typeof modulePath === 'string' ? modulePath : hrefOf(modulePath)
    const remote = this.#remotes.get(path) ?? this.#createRemote(path)
    this.#remotes.set(path, remote)
    return remote
  }

  #createRemote(path: string): RemoteModule {
    const address = addressOf(path, '*', this.#base)
    const members = new Map<string, FunctionName>()
    return member => {
      const name = members.has(member) || members.size < mostMembers ? member : '*'
      const found = members.get(name) ?? this.#number({ ...address, name, isRemote: true })
      members.set(name, found)
      return found
    }
  }

  /** @throws {TypeError} ERR_INVALID_ARG_VALUE if the function cannot travel as source */
  findInline(fn: TaskFunction): FunctionName {
    return this.#inline.get(fn) ?? this.#addInline(fn)
  }

  /** @throws {TypeError} ERR_INVALID_ARG_TYPE */
  checkModule(modulePath: ModulePath): void {
    resolveModule(typeof modulePath === 'string' ? modulePath : hrefOf(modulePath), this.#base)
  }

  #addInline(target: TaskFunction): FunctionName {
    const text = Function.prototype.toString.call(target)
    const name = functionName(target)
    const key = `${name}\n${text}`
    let fn = this.#sources.get(key)
    if (fn === undefined) {
      fn = this.#number({ kind: 'inline', source: sourceOf(target, text), base: this.#base, name })
      this.#sources.set(key, fn)
    }
    this.#inline.set(target, fn)
    return fn
  }

  #number(address: FunctionAddress): FunctionName {
    return { number: this.#count++, address, label: labelOf(address) }
  }

  #add(path: string, name: string): FunctionName {
    const fn = this.#number(addressOf(path, name, this.#base))
    const functions = this.#modules.get(path) ?? new Map<string, FunctionName>()
    functions.set(name, fn)
    this.#modules.set(path, functions)
    return fn
  }
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE if that cannot be the address of a function */
export function addressOf(modulePath: ModulePath, name: string, base: string): ModuleFunction {
  if (typeof name !== 'string' || name === '')
    throw invalidType('fnName', 'the name of an exported function', name)
  const path = typeof modulePath === 'string' ? modulePath : hrefOf(modulePath)
  return { kind: 'module', module: resolveModule(path, base), base, name }
}

const expected = "an absolute path, a file: URL, a package name, a node: builtin or './relative'"

function hrefOf(modulePath: unknown): string {
  if (modulePath instanceof URL) return modulePath.href
  throw invalidType('modulePath', expected, modulePath)
}

function resolveModule(path: string, base: string): string {
  // What is trimmed or dropped when a URL is parsed could hide its scheme.
  if (path === '' || path !== path.trim() || hasControlCharacter(path))
    throw invalidType('modulePath', expected, path)
  if (isAbsolute(path)) return pathToFileURL(path).href
  if (/^\.\.?([/\\]|$)/.test(path)) return pathToFileURL(resolve(dirname(fileURLToPath(base)), path)).href
  if (path.startsWith('file:')) return fileUrl(path)
  if (path.startsWith('node:')) return path
  // data:, http: and the like would run code that is in no file.
  if (/^[a-z][a-z\d+.-]*:/i.test(path)) throw invalidType('modulePath', expected, path)
  return path
}

function hasControlCharacter(path: string): boolean {
  for (let index = 0; index < path.length; index++) if (path.charCodeAt(index) < 0x20) return true
  return false
}

function fileUrl(path: string): string {
  try {
    const url = new URL(path)
    fileURLToPath(url) // refuses other hosts and encoded slashes
    return url.href
  } catch (cause) {
    throw invalidType('modulePath', expected, path, cause)
  }
}
