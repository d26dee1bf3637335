/*
 * A collector of metrics for exit-telemetry.cjs: `node collector.cjs <file>` prints its address, appends what is
 * posted to the file before it says thank you, and ends when its standard input does.
 */
const { appendFile } = require('node:fs/promises')
const { createServer } = require('node:http')
const { json } = require('node:stream/consumers')

const file = process.argv[2]

const server = createServer((request, response) => {
  collect(request).then(
    () => response.writeHead(204).end(),
    error => response.writeHead(500).end(error.message),
  )
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))

process.stdin.resume().on('close', () => process.exit())

async function collect(request) {
  const metrics = await json(request)
  await appendFile(file, metrics.map(metric => `${JSON.stringify(metric)}\n`).join(''))
}
