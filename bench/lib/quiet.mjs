/*
 * Two threads that hand work to each other need two cores. When another program takes one of them, every figure
 * here changes several times over, ours most of all, and says more about that program than about the libraries. So a round
 * counts if the machine was idle right before and right after it, whatever the round itself measured.
 */
import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { interleave } from './stats.mjs'

const look = 80
const enoughIdle = 0.85
const tries = 4

/** What one run of the benchmarks may spend on waiting for others and on repeating, in ms. */
let patience = 90_000

let rounds = 0
let disturbed = 0

/**
 * As `interleave`, for subjects that run in child processes. A disturbed round is repeated a few times; if it stays
 * disturbed it counts, and is counted.
 *
 * @type {typeof interleave}
 */
export async function interleaveUndisturbed(subjects, count) {
  const results = Object.fromEntries(Object.keys(subjects).map(name => [name, []]))
  for (let round = 0; round < count; round++) {
    const ofRound = await undisturbed(() => interleave(subjects, 1, round))
    for (const [name, [result]] of Object.entries(ofRound)) results[name].push(result)
  }
  return results
}

/** @template T @param {() => Promise<T>} run @returns {Promise<T>} */
export async function undisturbed(run) {
  rounds++
  for (let left = tries; ; left--) {
    const wasQuiet = await waitForQuiet()
    const start = performance.now()
    const result = await run()
    const stayedQuiet = wasQuiet && (await isQuiet())
    if (stayedQuiet) return result
    if (left === 1 || patience <= 0) {
      disturbed++
      return result
    }
    patience -= performance.now() - start
  }
}

/** How many rounds there were since the last call, and how many of them had to share the cores. */
export function takeDisturbances() {
  const counts = { rounds, disturbed }
  rounds = 0
  disturbed = 0
  return counts
}

async function waitForQuiet() {
  for (;;) {
    const start = performance.now()
    if (await isQuiet()) return true
    if (patience <= 0) return false
    await sleep(2 * look)
    patience -= performance.now() - start
  }
}

async function isQuiet() {
  const before = readTimes()
  await sleep(look)
  const after = readTimes()
  return after.idle - before.idle >= enoughIdle * (after.all - before.all)
}

function readTimes() {
  const times = cpus().map(cpu => cpu.times)
  const sum = values => values.reduce((total, value) => total + value, 0)
  return { idle: sum(times.map(({ idle }) => idle)), all: sum(times.flatMap(time => Object.values(time))) }
}
