import { runChild } from '../lib/child.mjs'
import { atMost } from '../lib/figures.mjs'
import { interleaveUndisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'

export const title = 'Async tasks at size 1,000: AsyncPool, and a semaphore that is given all at once'

const baseline = 100_000
const many = 10_000_000
const fewer = 1_000_000
const limit = 32
const rounds = 3

export async function measure() {
  const execArgv = ['--max-old-space-size=6144']
  const pool = await runChild('pool-memory.mjs', ['pool', many])
  const subjects = {
    AsyncPool: () => runChild('pool-memory.mjs', ['pool', fewer]),
    semaphore: () => runChild('pool-memory.mjs', ['semaphore', fewer], { execArgv }),
  }
  const runs = await interleaveUndisturbed(subjects, rounds)
  const delays = Object.fromEntries(
    Object.entries(runs).map(([name, results]) => [
      name,
      {
        p99: median(results.map(({ delay }) => delay.p99)),
        max: median(results.map(({ delay }) => delay.max)),
      },
    ]),
  )
  const figures = [
    {
      subject: 'AsyncPool',
      measure: 'growth from 100,000 to 10,000,000 tasks',
      value: growth(pool),
      unit: 'MB',
      ...atMost(growth(pool), limit, `less than ${limit} MB`),
    },
    ...Object.keys(runs).flatMap(name => toFigures(name, runs[name], delays[name])),
  ]
  return { figures, curves: { AsyncPool: pool.samples, semaphore: runs.semaphore[0].samples }, delays }
}

function toFigures(subject, runs, delay) {
  const figure = (measure, value, unit) => ({ subject, measure: `1,000,000 tasks: ${measure}`, value, unit })
  return [
    figure('peak of resident memory', median(runs.map(({ samples }) => peak(samples))) / 1e6, 'MB'),
    figure('time', median(runs.map(({ seconds }) => seconds)), 's'),
    figure('delay of the event loop, p99', delay.p99, 'ms'),
    figure('delay of the event loop, longest', delay.max, 'ms'),
  ]
}

function peak(samples) {
  return Math.max(...samples.map(([, bytes]) => bytes))
}

/** The highest reading after the baseline, less that, in MB. */
function growth({ samples }) {
  const [, before] = samples.find(([tasks]) => tasks >= baseline)
  return (peak(samples.filter(([tasks]) => tasks > baseline)) - before) / 1e6
}
