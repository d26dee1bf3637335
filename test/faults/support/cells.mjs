/* Which cells the fault matrix has, and what is to come out of each. */

export const causes = ['exit', 'throw', 'reject', 'oom', 'terminate', 'loop']
export const moments = ['load', 'running', 'arguments', 'result', 'idle', 'drain', 'restart']
export const waiters = ['result', 'submit', 'join', 'map', 'promise']

/*
 * "While encoding arguments" happens in the caller's thread, whose own errors and loops are not the library's affair:
 * there the getter of an argument lets the cause happen in the worker, and waits until it has.
 * "During the exit drain" has no event loop: 'promise' stands there for tasks that only the drain itself waits for.
 */

/** Cells that share a process: an exit drain needs one of its own. */
export const groups = moments.flatMap(moment =>
  causes.flatMap(cause =>
    moment === 'drain'
      ? waiters.map(waiter => ({ moment, cause, cells: [waiter] }))
      : [{ moment, cause, cells: waiters }],
  ),
)
// What runs no exit hook in the worker, though the task itself does it.
groups.push({ moment: 'running', cause: 'reallyExit', cells: waiters })

/** In ms. On a busy machine a healthy worker stands still for a while too. */
export const hangTimeout = 400

/** Options that let a cause take its course. */
export function optionsFor(cause) {
  if (cause === 'loop') return { hangTimeout }
  if (cause === 'oom') return { resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 } }
  return {}
}

/** What becomes of the worker and of the task at fault: 'died', 'failed' (by itself) or 'fulfilled'. */
export function expected(moment, cause) {
  if (cause === 'throw' && (moment === 'load' || moment === 'result'))
    return { dies: false, victim: 'failed' }
  if (cause === 'reject' && moment === 'result') return { dies: true, victim: 'fulfilled' }
  return { dies: true, victim: 'died' }
}

const unexplained = /^it was terminated, ran out of memory or could not start$/
/** A blocked caller cannot tell some deaths from each other; an event loop is told a little more. */
const reasons = {
  exit: /^it exited with code 7$/,
  reallyExit: /^it exited with code 7$|^it was terminated/,
  throw: /^an uncaught error ended it$/,
  reject: /^an uncaught error ended it$/,
  oom: /^it ran out of memory$|^it was terminated, ran out of memory/,
  terminate: /^it exited with code 1$|^it was terminated/,
  loop: new RegExp(`^its event loop stood still for more than the hangTimeout of ${hangTimeout} ms$`),
}

/** What is wrong with the error of a task that died with its worker. */
export function wrongDeath(error, cause) {
  if (error?.name !== 'WorkerDiedError') return `is no WorkerDiedError: ${error}`
  if (error.code !== 'ERR_WORKER_DIED') return `has the code ${error.code}`
  if (!(reasons[cause] ?? unexplained).test(error.reason)) return `has the reason '${error.reason}'`
  if (!error.message.includes(error.reason)) return `does not say the reason: ${error.message}`
  if (cause === 'exit' && error.exitCode !== 7) return `has the exit code ${error.exitCode}`
  const hasCause = cause === 'throw' || cause === 'reject'
  if (hasCause && error.cause?.message !== 'boom') return `has the cause ${error.cause}`
  if (cause !== 'oom' && !hasCause && error.cause !== undefined) return `has the cause ${error.cause}`
  return undefined
}
