import { setTimeout as sleep } from 'node:timers/promises'

export async function square(n) {
  log(`task ${n} starts`)
  await sleep(2000)
  log(`task ${n} is done`)
  return n * n
}

/** Seconds since the worker started; printed at once, even though the main thread is blocked. */
function log(message) {
  console.log(`${(performance.now() / 1000).toFixed(1).padStart(4)} s  ${message}`)
}
