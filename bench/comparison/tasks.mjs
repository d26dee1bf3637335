/* What the workers of all libraries run: one file, so that differences come from the libraries. */
import { appendFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export const echo = async value => value

/** Leaves its start and its end in a file: it is seen there also while its caller is blocked. */
export async function nap({ file, ms }) {
  appendFileSync(file, `start ${Date.now()}\n`)
  await sleep(ms)
  appendFileSync(file, `end ${Date.now()}\n`)
}

export async function exit() {
  await sleep(50)
  process.exit(1)
}

/** Ends by itself well before the machine suffers, should no limit hold. */
export async function eatMemory() {
  const hoard = []
  for (let megabytes = 0; megabytes < 400; megabytes += 4) {
    hoard.push(new Array(524_288).fill(megabytes))
    await sleep(0)
  }
  throw new Error('no limit held')
}

export const neverAnswer = () => new Promise(() => {})

export async function loopForEver() {
  for (;;);
}

export const returnFunction = async () => () => {}

export async function fail() {
  throw Object.assign(new RangeError('x'), { code: 'E' })
}

export async function log() {
  console.log('from the worker')
  await sleep(1000)
}
