/*
 * `node ledger-child.mjs <first seed> <how many>`: random tasks, random kills, and an account of every task. With
 * even seeds the worker also says which task it starts, and the account is exact.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createRequire } from 'node:module'
import { at, Column, columns } from '../fixtures/ledger-tasks.mjs'
import { randomOf } from './random.mjs'

const { AsyncPoolExecutor, workers } = createRequire(import.meta.url)('../../faults/support/package.cjs')
const tasks = new URL('../fixtures/ledger-tasks.mjs', import.meta.url)
const initializer = { module: tasks, fn: 'initialize' }
const longest = 10_000

const total = {
  seeds: 0,
  accepted: 0,
  deaths: 0,
  fulfilled: 0,
  failed: 0,
  died: 0,
  cancelled: 0,
  rerun: 0,
  diedAtStart: 0,
}
const problems = []

const [first, count] = process.argv.slice(2).map(Number)
for (let seed = first; seed < first + count; seed++) {
  console.log(JSON.stringify({ begins: `seed ${seed}` }))
  const found = runSeed(seed)
  problems.push(...found.map(problem => `seed ${seed}: ${problem}`))
  total.seeds++
}
console.log(JSON.stringify({ total, problems }))

function runSeed(seed) {
  const random = randomOf(seed)
  const plan = planOf(random)
  const words = new Int32Array(new SharedArrayBuffer(4 * (1 + plan.length * columns)))
  const executor = new AsyncPoolExecutor({
    size: 1 + random.below(4),
    queueSize: random.below(6),
    restart: { max: 1_000, within: 60_000 },
    onError: 'ignore',
    initializer,
  })
  const started = seed % 2 === 0 ? [] : undefined
  const onStart = task => task !== undefined && started.push(task.id)
  if (started !== undefined) subscribe('async-pool-executor:started', onStart)
  const settled = plan.map(() => 0)
  const futures = plan.map(({ fn, more, options, before, cancels }, index) => {
    if (before === 'terminate') workers.at(-1)?.terminate()
    const future = executor.submit(tasks, fn, [words, index, ...more], options)
    future.onDone(() => settled[index]++)
    if (cancels) future.cancel()
    return future
  })
  const found = []
  if (!executor.join(longest)) found.push(`${futures.filter(future => !future.done).length} never settled`)
  for (const [index, future] of futures.entries())
    for (const problem of judge(plan[index], index, future, words, started))
      found.push(`task ${index} (${plan[index].fn}): ${problem}`)
  for (const [index, times] of settled.entries())
    if (times !== 1) found.push(`task ${index} settled ${times} times`)
  if (started !== undefined) {
    unsubscribe('async-pool-executor:started', onStart)
    found.push(...outOfOrder(started))
  }
  tallyUp(executor, futures)
  const { abandoned } = executor.shutdown({ timeout: longest })
  if (abandoned > 0) found.push(`${abandoned} abandoned`)
  return found
}

function planOf(random) {
  return Array.from({ length: 12 + random.below(20) }, () => {
    const dice = random.below(100)
    const ms = random.below(4)
    const how = random.below(4)
    const idempotent = random.below(3) === 0
    const common = {
      options: { idempotent },
      before: random.below(40) === 0 ? 'terminate' : undefined,
      cancels: random.below(15) === 0,
    }
    if (dice < 6) return { ...common, fn: 'kills', more: [ms, how], options: {} }
    if (dice < 10) return { ...common, fn: 'plantsBomb', more: [ms, how], options: {} }
    if (dice < 18) return { ...common, fn: 'fails', more: [ms] }
    if (dice < 55) return { ...common, fn: 'slow', more: [ms] }
    return { ...common, fn: 'quick', more: [] }
  })
}

/** What is wrong with how one task has ended. */
function judge({ fn, options, cancels }, index, future, words, started) {
  if (!future.done) return []
  const starts = Atomics.load(words, at(index, Column.Starts))
  const ends = Atomics.load(words, at(index, Column.Ends))
  const found = []
  if (!options.idempotent && starts > 1) found.push(`ran ${starts} times`)
  if (starts > 1) total.rerun++
  const error = future.state === 'rejected' ? future.error() : undefined
  switch (future.state) {
    case 'fulfilled':
      if (future.result() !== index) found.push(`got the result of task ${future.result()}`)
      if (ends === 0) found.push('was fulfilled without having run')
      if (fn === 'fails' || fn === 'kills') found.push('was fulfilled')
      break
    case 'rejected':
      if (error.name === 'WorkerDiedError') {
        if (options.idempotent) found.push('is idempotent and was not run again')
        // It had its slot, and died on the way to its first line: a loading module is part of the task. One that
        // was terminated may have come between the slot and the word of it, since that slot wakes its killer.
        const wasTold = started !== undefined && !error.reason.startsWith('it was terminated')
        if (starts === 0 && !wasTold) total.diedAtStart++
        else if (started?.includes(future.id) === false) found.push('was queued and is lost')
      } else if (fn !== 'fails' || error.message !== `failure ${index}`) found.push(`failed with ${error}`)
      break
    case 'cancelled':
      if (!cancels) found.push('was cancelled by nobody')
      break
    default:
      found.push(`is ${future.state}`)
  }
  return found
}

/** Tasks of equal priority start in the order in which they were accepted, also on a replacement. */
function outOfOrder(started) {
  const firstStarts = [...new Set(started)]
  const overtaken = firstStarts.filter((id, place) => id < Math.max(...firstStarts.slice(0, place)))
  return overtaken.map(id => `task ${id - 1} was overtaken`)
}

function tallyUp(executor, futures) {
  total.deaths += executor.stats().restarts
  total.accepted += futures.length
  for (const future of futures) {
    if (future.state !== 'rejected') total[future.state] = (total[future.state] ?? 0) + 1
    else if (future.error().name === 'WorkerDiedError') total.died++
    else total.failed++
  }
}
