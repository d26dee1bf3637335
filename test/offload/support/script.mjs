import { fileURLToPath } from 'node:url'
import { runScript } from '../../child.mjs'

/** The functions of fixtures/cpu.mjs, by their path. */
export const cpu = fileURLToPath(new URL('../fixtures/cpu.mjs', import.meta.url))

/** What every script of these tests has: executors, shared words, and `report`, which hands values to the test. */
const header = `
const cpu = ${JSON.stringify(cpu)}
const offload = { offload: true }
const Gate = 0, Started = 1, Beats = 2, Logged = 3, Log = 4
const words = new Int32Array(new SharedArrayBuffer(256))
const report = value => say('=' + JSON.stringify(value))

/** Blocks until a word has reached a value. */
const until = (index, value) => {
  for (let seen = Atomics.load(words, index); seen < value; seen = Atomics.load(words, index))
    if (Atomics.wait(words, index, seen, 10_000) === 'timed-out') throw new Error('word ' + index + ' is ' + seen)
}
const openGate = () => {
  Atomics.store(words, Gate, 1)
  Atomics.notify(words, Gate)
}
/** Takes as many CPU threads until the gate is open. */
const holdThreads = (executor, count) => {
  const seen = Atomics.load(words, Started)
  const futures = Array.from({ length: count }, (_, i) => executor.submit(cpu, 'hold', [words, i], offload))
  until(Started, seen + count)
  return futures
}
const failureOf = future => {
  try {
    return { value: future.result(10_000) }
  } catch (error) {
    if (!(error instanceof Error)) return { thrown: error }
    const { name, message, code, exitCode, reason } = error
    const cause = error.cause && { name: error.cause.name, message: error.cause.message, code: error.cause.code }
    return { name, message, code, exitCode, reason, cause }
  }
}
/** The beats of a computation that goes on grow while others compute; those of one that has ended do not. */
const beatsWhile = work => {
  const before = Atomics.load(words, Beats)
  work()
  return Atomics.load(words, Beats) - before
}
/** A port for a CPU thread, and the promise that resolves when that thread is gone. */
const portOfThread = () => {
  const { port1, port2 } = new MessageChannel()
  port1.ref()
  return { port: port2, gone: new Promise(resolve => port1.on('close', resolve)) }
}
`

/**
 * Runs a script, an ES module, with a hard deadline.
 *
 * @returns what it reported, and as `node` its exit code and output
 */
export async function runOffloading(body, options) {
  const child = await runScript('import', `${header}${body}`, options)
  const reports = child.lines.filter(line => line.startsWith('=')).map(line => JSON.parse(line.slice(1)))
  return { ...child, reports }
}

/** The only thing that it reported; whatever it wrote on stderr is a failure. */
export async function reportOf(body, options) {
  const { reports, stderr, code } = await runOffloading(body, options)
  if (stderr !== '' || code !== 0 || reports.length !== 1)
    throw new Error(`exit code ${code}, ${reports.length} reports\n${stderr}`)
  return reports[0]
}
