// usage: first-calls.mjs <peer>: times its first calls, from a cold start
const count = 200
const { createBlocking } = await import(`../peers/${process.argv[2]}.mjs`)

const calls = new Array(count)
const start = performance.now()
const { echo } = createBlocking()
let before = performance.now()
for (let i = 0; i < count; i++) {
  echo(i)
  const after = performance.now()
  calls[i] = after - before
  before = after
}
const all = before - start
const [, ...later] = calls
console.log(JSON.stringify({ all, later: later.reduce((sum, time) => sum + time), calls }))
process.exit()
