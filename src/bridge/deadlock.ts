import { DeadlockError } from '../channel/errors.js'

export function callbackDeadlock(name: string): DeadlockError {
  return new DeadlockError(
    `a callback that a task of executor '${name}' waits for cannot block in that executor: return a value, or submit without waiting`,
  )
}

export function streamDeadlock(name: string, streams: number, size: number): DeadlockError {
  return new DeadlockError(
    `this would wait for ever: ${streams} streams of executor '${name}' (size ${size}) hold their slots until this ` +
      'thread reads on. Read them to their end, leave their loops, or give the executor a larger size',
  )
}

export function argumentsDeadlock(label: string, name: string): DeadlockError {
  return new DeadlockError(
    `${label} was submitted while the arguments of another task of executor '${name}' were being read, which has the last ` +
      'place in the queue and cannot be sent before',
  )
}
