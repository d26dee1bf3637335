import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/*
 * Synchronous code cannot hear what a child process says before the child has ended. The worker can: it is the
 * parent of the child here, and keeps it from one task to the next.
 */

let child
let lines

/**
 * Starts a Node script and returns the first line it prints. The script has to end when its standard input does,
 * which happens in `stop`, and also when this process dies, however that comes about.
 */
export async function start(script, ...args) {
  child = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  await once(child, 'spawn')
  const { value, done } = await lines.next()
  if (done) throw new Error(`${script} ended before it said anything`)
  return value
}

/** Tells the script to end and returns what else it printed. */
export async function stop() {
  child.stdin.end()
  const rest = []
  for await (const line of lines) rest.push(line)
  return rest.join('\n')
}
