/*
 * The same code on both sides of the comparison: the executor's worker and the by-hand variant in the main thread
 * each load a copy of this module, with an agent of its own.
 */
import { Agent, request } from 'node:http'

const agent = new Agent({ keepAlive: true, maxSockets: 1000, maxFreeSockets: 1000 })

/** @param {number} port @param {number} id @returns {Promise<string>} the body */
export function fetchBody(port, id) {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: `/${id}`, agent }, response => {
      let body = ''
      response.setEncoding('latin1')
      response.on('data', chunk => {
        body += chunk
      })
      response.on('end', () => resolve(body))
      response.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** What the server answers: told apart by their ids, about as long as a small JSON document. */
export function bodyOf(id) {
  return `${id}:`.padEnd(500, 'x')
}
