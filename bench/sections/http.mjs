import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { runChild } from '../lib/child.mjs'
import { atLeast } from '../lib/figures.mjs'
import { median } from '../lib/stats.mjs'

export const title = '20,000 HTTP requests to a server in another process, 1,000 at once'
export const reference = 'by hand'

export async function measure() {
  const server = fork(fileURLToPath(new URL('../children/http-server.mjs', import.meta.url)))
  try {
    const [port] = await once(server, 'message')
    const rates = await runChild('http-client.mjs', [port])
    return { figures: toFigures(rates), rates }
  } finally {
    server.kill()
  }
}

function toFigures(rates) {
  const theirs = median(rates[reference])
  const ours = median(rates['async-pool-executor'])
  const figure = (subject, value) => ({
    subject,
    measure: 'requests a second',
    value,
    unit: '/s',
    ratio: value / theirs,
  })
  return [
    { ...figure('async-pool-executor', ours), ...atLeast(ours / theirs, 0.9, 'at least 0.9 of by hand') },
    figure('by hand', theirs),
  ]
}
