import { TaskNotFoundError } from '../index.js'

/** Proxies of a module's exports, and of what these have. */
interface Exported {
  [name: string]: Exported | undefined
}

/**
 * As where tasks are: an own export of the module, or an own property of its default export.
 *
 * @param module - what `remote()` makes of it
 */
export async function hasFunction(module: object, name: string): Promise<boolean> {
  const exported = module as Exported
  const { default: owner } = exported
  if (await isFunction(exported[name])) return true // a proxy's first step finds what is own of either
  // Where an export of that name is no function, a property may be one. A proxy's further steps find what is inherited too.
  return (await isOwn(owner, name)) && (await isFunction(owner?.[name]))
}

/** Looks for what functions have, which does not call it. */
async function isFunction(value: Exported | undefined): Promise<boolean> {
  return isFound(async () => {
    await value?.bind?.name
    return true
  })
}

async function isOwn(owner: Exported | undefined, name: string): Promise<boolean> {
  const object = owner as unknown as { hasOwnProperty(name: string): Promise<boolean> } | undefined
  // biome-ignore lint/suspicious/noPrototypeBuiltins: the object is in the worker
  return isFound(async () => (await object?.hasOwnProperty(name)) === true)
}

/** What fails in another way is there: the calls will say how. */
async function isFound(look: () => Promise<boolean>): Promise<boolean> {
  try {
    return await look()
  } catch (error) {
    return !(error instanceof TaskNotFoundError || error instanceof TypeError)
  }
}
