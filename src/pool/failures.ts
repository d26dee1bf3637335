import { callDue } from '../bridge/callbacks.js'
import { type ErrorHandler, UnreadFailures } from '../bridge/unread.js'
import type { PoolTask } from './task.js'

/** Apart from those of executors, which are reported when the drain at exit is over. */
const failures = new UnreadFailures('pool')
let hooked = false

export function addUnread(task: PoolTask, onError: 'report' | 'ignore' | ErrorHandler): void {
  if (!hooked) process.on('exit', () => failures.reportAll())
  hooked = true
  failures.add(task, onError)
  callDue()
}
