import { Barrier } from './barrier.js'
import { Condition } from './condition.js'
import { Event } from './event.js'
import { Lock } from './lock.js'
import { Queue } from './queue.js'
import { Semaphore } from './semaphore.js'
import { hasKind } from './shared.js'

/*
 * How a primitive travels: structured clone leaves of it an object with the property `shared`, and `revive` makes a
 * primitive of that.
 */

const classes = { Barrier, Condition, Event, Lock, Queue, Semaphore }

export type Primitive = InstanceType<(typeof classes)[keyof typeof classes]>

/**
 * @internal
 * @returns undefined if that is not what is left of a primitive
 */
export function revive(data: unknown): Primitive | undefined {
  if (typeof data !== 'object' || data === null || !('shared' in data)) return undefined
  const { shared } = data
  if (!hasKind(shared) || !Object.hasOwn(classes, shared.kind)) return undefined
  const { from } = classes[shared.kind as keyof typeof classes] as { from(shared: unknown): Primitive }
  return from(shared)
}
