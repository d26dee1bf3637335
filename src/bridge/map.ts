import type { Dispatcher } from './dispatcher.js'
import type { FunctionName } from './function-names.js'
import type { TaskOptions } from './options.js'
import type { Task } from './task.js'

export interface MapRequest {
  dispatcher: Dispatcher
  fn: FunctionName
  items: Iterable<unknown>
  options: TaskOptions | undefined
  lookAhead: number
}

/**
 * Results in the order of the items. Items are read and submitted only as results are asked for, at most
 * `lookAhead` ahead; whoever stops early cancels what has not started.
 */
export function* mapInOrder(request: MapRequest): Generator<unknown, void, undefined> {
  const { dispatcher, lookAhead } = request
  const items = request.items[Symbol.iterator]()
  const ahead: Task[] = []
  let exhausted = false
  let completed = false
  try {
    for (;;) {
      while (!exhausted && ahead.length < lookAhead) {
        // With a result to wait for, a full queue is no reason to wait for space first.
        if (ahead.length > 0 && !dispatcher.hasSpace()) break
        const item = items.next()
        if (item.done) exhausted = true
        else ahead.push(dispatcher.submit(request.fn, [item.value], request.options))
      }
      const task = ahead.shift()
      if (task === undefined) break
      yield awaitValue(task)
    }
    completed = true
  } finally {
    for (const task of ahead) if (!dispatcher.isRunning(task)) dispatcher.cancel(task, undefined)
    if (!completed && !exhausted) items.return?.()
  }
}

function awaitValue(task: Task): unknown {
  task.expected = true
  task.dispatcher.await(task, Number.POSITIVE_INFINITY)
  return task.read()
}
