// The server both variants talk to, in a process of its own: sends its port to its parent and lives as long.
import { createServer } from 'node:http'
import { bodyOf } from '../peers/http-tasks.mjs'

const server = createServer((request, response) => {
  const body = bodyOf(request.url.slice(1))
  response.writeHead(200, { 'content-type': 'text/plain', 'content-length': body.length })
  response.end(body)
})
server.keepAliveTimeout = 120_000 // one variant's sockets rest while the other's turn is on
server.listen(0, '127.0.0.1', 2048, () => process.send(server.address().port))
process.on('disconnect', () => process.exit())
