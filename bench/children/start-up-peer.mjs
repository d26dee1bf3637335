// usage: start-up-peer.mjs <peer>
const { createBlocking } = await import(`../peers/${process.argv[2]}.mjs`)

createBlocking().echo(1)
console.log(performance.now())
process.exit()
