import { labelOf, type ModuleFunction } from '../channel/records.js'
import { Access, moduleNumber, type Use } from '../channel/remote-records.js'
import type { Caller } from './caller.js'
import { exportsFinder, type FunctionEntry, type LoadedFunction, loadExports, notFound } from './functions.js'
import { type Exports, isOwn } from './modules.js'
import type { Remotes } from './remote.js'

/** A member of a module, or of an object that came from it, which a caller uses through a proxy. */
export class RemoteEntry implements FunctionEntry {
  readonly label: string
  readonly address: ModuleFunction
  readonly #roots: string[] | undefined
  readonly #caller: Caller
  readonly #findExports: () => Exports | undefined
  #found: LoadedFunction | undefined

  constructor(address: ModuleFunction, roots: string[] | undefined, caller: Caller) {
    this.label = labelOf(address)
    this.address = address
    this.#roots = roots
    this.#caller = caller
    this.#findExports = exportsFinder(address)
  }

  find(): LoadedFunction | undefined {
    const exports = this.#findExports()
    const { remotes } = this.#caller
    if (exports !== undefined && remotes !== undefined) this.#found ??= this.#create(exports, remotes)
    return this.#found
  }

  async load(): Promise<LoadedFunction> {
    const { Remotes } = await import('./remote.js')
    this.#caller.remotes ??= new Remotes(this.#caller.outbox)
    const { remotes } = this.#caller
    try {
      this.#found ??= this.#create(await loadExports(this.address, this.#roots), remotes)
      return this.#found
    } catch (error) {
      return this.#answerWith(remotes, () => {
        throw error
      })
    }
  }

  #create(exports: Exports, remotes: Remotes): LoadedFunction {
    const findOwner = ownerFinder(exports, this.address)
    return this.#answerWith(remotes, use => {
      const [, number] = use
      return number === moduleNumber ? findOwner(use) : remotes.objects.get(number).object
    })
  }

  /** @param find - finds what is used; may throw */
  #answerWith(remotes: Remotes, find: (use: Use) => unknown): LoadedFunction {
    const call = (...args: unknown[]): unknown => {
      const use = args.pop() as Use
      return remotes.values.answer(use, args, this, () => find(use))
    }
    return { call, owner: undefined }
  }
}

/** What a path to something that is not exported leads to. */
const nothing: object = Object.create(null)

/**
 * Finds the object of a module from which a path starts. Own exports only.
 *
 * @throws {TaskNotFoundError} if the path calls, or leads through, what the module does not export
 */
function ownerFinder(exports: Exports, address: ModuleFunction): (use: Use) => unknown {
  // What `import()` shows of a CommonJS module are copies of what it exported at that moment.
  const isLive = isCommonJs(exports)
  const owners = isLive ? [exports.default, exports.namespace] : [exports.namespace, exports.default]
  const find = (name: string) => owners.find(owner => isOwn(owner, name))
  const check = (name: string, value: unknown) => {
    if (typeof value !== 'function') throw notFound(exports, { ...address, name }, value)
  }
  return ([access, , path]) => {
    const [name] = path
    if (name === undefined) {
      check('default', exports.default)
      return exports.default
    }
    const owner = find(name)
    if (path.length > 1 ? owner === undefined : access === Access.Call || access === Access.Construct)
      check(name, owner === undefined ? undefined : Reflect.get(owner as object, name))
    if (owner !== undefined || path.length > 1) return owner
    return access === Access.Set ? owners[0] : nothing
  }
}

/** A CommonJS module is in the cache of `require`, wherever its file is; an ES module is there with its namespace. */
function isCommonJs({ default: exported }: Exports): boolean {
  const isLoaded = Object.values(require.cache).some(module => module?.exports === exported)
  return exported !== undefined && isLoaded
}
