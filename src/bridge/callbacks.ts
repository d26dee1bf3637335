import { isolated } from './unread.js'

/*
 * Users' callbacks never run in the midst of taking in messages: a callback may block for a task whose outcome is
 * in the very message that is being read. They are kept here, in order, until nothing of ours is half done.
 */

const due: (() => void)[] = []
let calling = false

export function callSoon(callback: () => void): void {
  due.push(callback)
}

/** Calls what is due. A callback that blocks comes here again; what became due meanwhile follows after it. */
export function callDue(): void {
  if (due.length === 0 || calling) return
  calling = true
  try {
    for (let callback = due.shift(); callback !== undefined; callback = due.shift())
      isolated('onDone', callback)
  } finally {
    calling = false
  }
}
