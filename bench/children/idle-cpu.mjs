// usage: idle-cpu.mjs <state>: prints the ms of CPU time that 5 s take. getrusage counts all threads of a process.
import { AsyncPoolExecutor } from 'async-pool-executor'

const duration = 5_000
const sleepBlocked = ms => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

const state = process.argv[2]
const executor = new AsyncPoolExecutor()
if (state !== 'no executor') executor.run('../peers/tasks.mjs', 'echo', [1])
await sleep(500) // what is left of the start: compilation, garbage
const before = process.cpuUsage()
if (state === 'idle, caller blocked') sleepBlocked(duration)
else if (state === 'waiting for a result') executor.run('node:timers/promises', 'setTimeout', [duration])
else await sleep(duration)
const { user, system } = process.cpuUsage(before)
console.log((user + system) / 1000)
