import { currentTask } from 'async-pool-executor/task'

export const identity = value => value

export async function wait(ms) {
  await new Promise(resolve => setTimeout(resolve, ms))
  return ms
}

/** Counts how many run at once; gives the most so far. */
export async function crowd(words) {
  const running = Atomics.add(words, 0, 1) + 1
  for (let most = Atomics.load(words, 1); most < running; most = Atomics.load(words, 1))
    Atomics.compareExchange(words, 1, most, running)
  await new Promise(resolve => setTimeout(resolve, 2))
  Atomics.sub(words, 0, 1)
}

export function fails() {
  throw Object.assign(new RangeError('no'), { code: 'ERR_NO', cause: new Error('why') })
}

export async function finish(words) {
  await new Promise(resolve => setTimeout(resolve, 50))
  Atomics.add(words, 0, 1)
  console.log('finished')
}

export async function die(how) {
  if (how === 'exit') process.exit(7)
  if (how === 'reject') Promise.reject(new Error('boom'))
  if (how === 'throw')
    setTimeout(() => {
      throw new Error('boom')
    })
  if (how === 'oom') {
    const hoard = []
    for (;;) hoard.push(Array.from({ length: 1000 }, (_, index) => ({ index })))
  }
  if (how === 'loop') for (;;);
  await new Promise(resolve => setTimeout(resolve, 2 ** 30))
}

/** Reports that it is there, for whoever is to terminate the worker then. */
export async function linger() {
  currentTask().progress('here')
  await new Promise(resolve => setTimeout(resolve, 2 ** 30))
}

/** Ends when its signal is aborted, and says so in shared memory. */
export async function obey(words) {
  const { signal } = currentTask()
  await new Promise(resolve => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(resolve, 2 ** 30)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  Atomics.store(words, 0, 1)
  Atomics.notify(words, 0)
}
