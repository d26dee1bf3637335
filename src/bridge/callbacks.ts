import { now } from '../channel/clock.js'
import { never } from './deadline.js'
import { isolated } from './report.js'

/*
 * Users' callbacks never run in the midst of taking in messages: a callback may block for a task whose outcome is
 * in the very message that is being read. They are kept here, in order, until nothing of ours is half done.
 */

/** How long callbacks may go on when the wait that calls them is over, in ms: most waits find only a few. */
const grace = 50

let due: { what: string; callback: () => void }[] = []
/** How many of them have been called: to take them off the front one by one would be quadratic. */
let called = 0
let calling = false

/**
 * Calls that tasks make and wait for. They do not queue up behind a callback that blocks: that may be waiting for the
 * very task.
 */
const answersDue: (() => void)[] = []

export function answerSoon(answer: () => void): void {
  answersDue.push(answer)
}

/** @param what - what messages call the callback */
export function callSoon(what: string, callback: () => void): void {
  due.push({ what, callback })
}

/**
 * Calls what is due. A callback that blocks comes here again; what became due meanwhile follows after it.
 *
 * @param deadline - of the wait that this is done for: what cannot be called in its time, or little more, is called later
 */
export function callDue(deadline = never): void {
  if (due.length > 0 && !calling) callAllDue(deadline)
  else giveAnswers()
}

/** Also from within a callback: at exit, which a callback may have caused and then never returns from. */
export function callAllDue(deadline = never): void {
  const end = deadline === never ? never : Math.max(deadline, now() + grace)
  let isLate = false
  calling = true
  try {
    for (let next = due[called]; next !== undefined && !isLate; next = due[called]) {
      called++
      isolated(next.what, next.callback)
      isLate = end !== never && now() >= end
    }
  } finally {
    due = due.slice(called)
    called = 0
    calling = false
  }
  if (due.length > 0) setImmediate(() => callDue())
  giveAnswers()
}

function giveAnswers(): void {
  while (answersDue.length > 0) answersDue.shift()?.()
}
