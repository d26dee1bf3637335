/*
 * A collector of metrics for exit-telemetry.cjs: prints its address, takes what is posted to it, and says what it
 * got when its standard input ends.
 */
const { createServer } = require('node:http')
const { json } = require('node:stream/consumers')

const received = []

const server = createServer((request, response) => {
  json(request).then(
    metrics => {
      received.push(...metrics)
      response.writeHead(204).end()
    },
    error => response.writeHead(400).end(error.message),
  )
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))

process.stdin.resume().on('close', () => {
  const numbers = received.map(metric => metric.number)
  const [first, last] = [Math.min(...numbers), Math.max(...numbers)]
  console.log(
    `${numbers.length} metrics received, ${new Set(numbers).size} different ones, #${first} to #${last}`,
  )
  process.exit()
})
