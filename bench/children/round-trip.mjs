// usage: round-trip.mjs [peer ...]: times blocking calls of an async echo, one by one, these peers or all in turn; prints
// µs by peer: medians over the rounds
import { interleave, median, quantile } from '../lib/stats.mjs'
import { blockingPeers } from '../peers/blocking.mjs'

const callsPerRound = 1_000
const rounds = 7
const warmUpRounds = 2

const [, , ...wanted] = process.argv
const peers =
  wanted.length === 0 ? blockingPeers : await Promise.all(wanted.map(name => import(`../peers/${name}.mjs`)))

const subjects = Object.fromEntries(
  peers.map(({ name, createBlocking }) => {
    const { echo } = createBlocking()
    return [name, () => timeCalls(echo)]
  }),
)
await interleave(subjects, warmUpRounds)
const times = await interleave(subjects, rounds)
console.log(JSON.stringify(Object.fromEntries(Object.entries(times).map(summarise))))
process.exit() // some peers offer no way to end their worker

/** @param {(value: number) => number} echo */
function timeCalls(echo) {
  const micros = new Array(callsPerRound)
  for (let i = 0; i < callsPerRound; i++) {
    const start = performance.now()
    const result = echo(i)
    micros[i] = (performance.now() - start) * 1000
    if (result !== i) throw new Error(`a peer returned ${result} instead of ${i}`)
  }
  return micros
}

function summarise([name, micros]) {
  const medianOfRounds = take => median(micros.map(take))
  return [name, { median: medianOfRounds(median), p99: medianOfRounds(round => quantile(round, 0.99)) }]
}
