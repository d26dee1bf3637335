// usage: http-server.mjs <delay>: the server both variants talk to; sends its port to its parent, lives as long.
import { createServer } from 'node:http'
import { bodyOf } from '../peers/http-tasks.mjs'

const delay = Number(process.argv[2])

const server = createServer((request, response) => {
  const answer = () => {
    const body = bodyOf(request.url.slice(1))
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length })
    response.end(body)
  }
  if (delay === 0) answer()
  else setTimeout(answer, delay)
})
server.keepAliveTimeout = 120_000 // one variant's sockets rest while it is the other's turn
server.listen(0, '127.0.0.1', 2048, () => process.send(server.address().port))
process.on('disconnect', () => process.exit())
