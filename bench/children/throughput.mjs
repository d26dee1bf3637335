// usage: throughput.mjs <size>: prints tasks a second by peer
import * as ours from '../peers/async-pool-executor.mjs'
import * as piscina from '../peers/piscina.mjs'
import * as tinypool from '../peers/tinypool.mjs'

const size = Number(process.argv[2])
const plan = [
  { peer: ours, count: 200_000 },
  { peer: piscina, count: 20_000 },
  { peer: tinypool, count: 20_000 },
]

const rates = {}
for (const { peer, count } of plan) {
  const { submitAll, close } = peer.createSubmitting(size)
  await submitAll(count / 5) // starts the worker and warms up
  const start = performance.now()
  await submitAll(count)
  rates[peer.name] = count / ((performance.now() - start) / 1000)
  await close()
}
console.log(JSON.stringify(rates))
process.exit()
