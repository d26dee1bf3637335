import { type ExecutorHandle, Shared, type SharedExecutor, type SharedStatus } from '../channel/sharing.js'
import { systemThreadId } from '../channel/thread-id.js'
import { checkObject, invalidType } from '../channel/validate.js'
import { checkAttachOptions } from './option-checks.js'
import { type AttachOptions, type ResolvedOptions, resolveOptions } from './options.js'
import { uniqueId } from './unique-id.js'

/** What makes an executor a caller of one that another thread owns. */
export class Attachment {
  readonly shared: SharedExecutor
  readonly options: ResolvedOptions

  /**
   * @param callerFile - the default of `base`
   * @throws {TypeError} ERR_INVALID_ARG_TYPE
   */
  constructor(handle: ExecutorHandle, options: AttachOptions, callerFile: string) {
    this.shared = sharedOf(handle)
    const checked = checkAttachOptions(options)
    const { name, size, queueSize, timeout } = this.shared
    // The owner decides how often a worker is replaced.
    const restart = { max: Number.MAX_SAFE_INTEGER, within: 0 }
    const resolved = resolveOptions(
      { ...(timeout !== undefined && { timeout }), ...checked, name, size, queueSize },
      callerFile,
    )
    this.options = { ...resolved, restart }
  }

  get workersStarted(): number {
    return Atomics.load(this.shared.state, Shared.Generation)
  }

  get status(): SharedStatus {
    return Atomics.load(this.shared.state, Shared.Status)
  }
}

function sharedOf(handle: unknown): SharedExecutor {
  checkObject('handle', handle)
  const shared = (handle as Partial<ExecutorHandle>).asyncPoolExecutor
  const isState = shared?.state instanceof Int32Array && shared.state.buffer instanceof SharedArrayBuffer
  const isNamed = typeof shared?.id === 'string' && typeof shared.name === 'string'
  const hasSizes = Number.isInteger(shared?.size) && Number.isInteger(shared?.queueSize)
  if (shared === undefined || !isState || !isNamed || !hasSizes)
    throw invalidType('handle', 'what the method handle() of an executor gave', handle)
  return shared
}

/** @param workersStarted - before it is shared */
export function createShared(
  options: ResolvedOptions,
  identity: string,
  workersStarted: number,
): SharedExecutor {
  const { name, size, queueSize, timeout } = options
  const state = new Int32Array(new SharedArrayBuffer(3 * Int32Array.BYTES_PER_ELEMENT))
  state[Shared.Generation] = workersStarted
  state[Shared.OwnerThread] = systemThreadId()
  return { id: uniqueId(), name, size, queueSize, timeout, identity, state }
}
