// Times blocking calls that send bytes and get them back, peers in turn; prints µs by payload and peer.
import { AsyncPoolExecutor } from 'async-pool-executor'
import { interleave, median, quantile } from '../lib/stats.mjs'
import { createRaw } from '../peers/raw-post-message.mjs'
import { createBlocking } from '../peers/synckit.mjs'

const payloads = [
  { name: '1 kB', bytes: 1_000, calls: 500 },
  { name: '100 kB', bytes: 100_000, calls: 100 },
  { name: '10 MB', bytes: 10_000_000, calls: 5 },
  { name: '10 MB transferred', bytes: 10_000_000, calls: 20, isTransferred: true },
]
const rounds = 7

const tasks = new URL('../peers/payload-tasks.mjs', import.meta.url).href
const executor = new AsyncPoolExecutor()
const raw = createRaw()
const synckit = createBlocking()

const echoes = {
  'async-pool-executor': (bytes, isTransferred) =>
    isTransferred
      ? executor.run(tasks, 'handBack', [bytes], { transferList: [bytes.buffer] })
      : executor.run(tasks, 'echo', [bytes]),
  'raw postMessage': (bytes, isTransferred) => raw.echo(bytes, isTransferred),
  synckit: (bytes, isTransferred) => (isTransferred ? undefined : synckit.echo(bytes)),
}

const results = {}
for (const { name, bytes, calls, isTransferred = false } of payloads) {
  const subjects = Object.fromEntries(
    Object.entries(echoes).map(([peer, echo]) => [peer, () => timeCalls(echo, bytes, calls, isTransferred)]),
  )
  if (isTransferred) delete subjects.synckit // it has no way to
  await interleave(subjects, 2)
  const times = await interleave(subjects, rounds)
  results[name] = Object.fromEntries(Object.entries(times).map(([peer, micros]) => [peer, median(micros)]))
}
console.log(JSON.stringify(results))
process.exit() // some peers offer no way to end their worker

function timeCalls(echo, length, calls, isTransferred) {
  const micros = []
  let bytes = new Uint8Array(length).fill(7)
  for (let i = 0; i < calls; i++) {
    const start = performance.now()
    const back = echo(bytes, isTransferred)
    micros.push((performance.now() - start) * 1000)
    if (back.length !== length || back[length - 1] !== 7) throw new Error('a peer returned something else')
    if (isTransferred) bytes = back
  }
  return quantile(micros, 0.5)
}
