import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runChild } from '../lib/child.mjs'
import { atLeast } from '../lib/figures.mjs'
import { undisturbed } from '../lib/quiet.mjs'
import { median } from '../lib/stats.mjs'

export const title = '20,000 HTTP requests to a server in another process, at most 1,000 at once'
export const reference = 'by hand'

/**
 * How long the server takes, in ms. One that answers at once seldom has 1,000 requests at a time, since answers
 * come as quickly as requests can be made; one that takes its time does.
 */
const delays = [0, 25]

export async function measure() {
  const rates = {}
  for (const delay of delays) rates[delay] = await measureWith(delay)
  return { figures: delays.flatMap(delay => toFigures(delay, rates[delay])), rates }
}

/** @returns {Promise<Record<string, number[]>>} requests a second by variant, for each round */
async function measureWith(delay) {
  const path = fileURLToPath(new URL('../children/http-server.mjs', import.meta.url))
  const server = fork(path, [String(delay)])
  try {
    const [port] = await once(server, 'message')
    return await undisturbed(() => runChild('http-client.mjs', [port]))
  } finally {
    server.kill()
  }
}

function toFigures(delay, rates) {
  const theirs = median(rates[reference])
  const figures = Object.entries(rates).map(([subject, values]) => ({
    subject,
    measure: `requests a second, answered after ${delay} ms`,
    value: median(values),
    unit: '/s',
    ratio: median(values) / theirs,
  }))
  const [ours] = figures
  Object.assign(ours, atLeast(ours.ratio, 0.9, 'at least 0.9 of by hand'))
  return figures
}
