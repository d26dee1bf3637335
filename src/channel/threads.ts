import { types } from 'node:util'
import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads'

/*
 * Which threads of the process have ended. A blocked thread gets no events, so whoever hears of a death writes it
 * down where all threads can read it: one bit for each thread id, which Node never uses twice.
 */

/** Called between the slices of a blocking wait on a shared primitive, to look for deaths and mark them. */
export const whileBlocked = new Set<() => void>()

/** Under which a thread finds the table of the thread that started it. */
const tableKey = 'async-pool-executor:deaths'
/** Half a megabyte of addresses, of which only what is written to takes memory. */
const mostThreads = 2 ** 22
const bitsPerWord = 32
/** After the bits come two random words: the same memory is another object in each message that brings it. */
const identity = mostThreads / bitsPerWord
const tableLength = identity + 2

/** Several if threads made their own before they heard of each other's. */
const tables: Int32Array[] = []

/** This thread's table; threads that it starts from now on share it. */
export function deathTable(): Int32Array {
  const [known] = tables
  if (known !== undefined) return known
  const inherited = getEnvironmentData(tableKey)
  const table = isDeathTable(inherited) ? inherited : createTable()
  if (table !== inherited) setEnvironmentData(tableKey, table)
  tables.push(table)
  return table
}

/** Reads and writes also this table, which came with something that another thread has made. */
export function adoptDeathTable(table: Int32Array): void {
  deathTable()
  const isSame = (known: Int32Array) =>
    known[identity] === table[identity] && known[identity + 1] === table[identity + 1]
  if (!tables.some(isSame)) tables.push(table)
}

export function isDeathTable(value: unknown): value is Int32Array {
  return isSharedMemory(value) && value.length === tableLength
}

/** Also true for memory of another realm, as test runners have them. */
export function isSharedMemory(value: unknown): value is Int32Array {
  return types.isInt32Array(value) && types.isSharedArrayBuffer(value.buffer)
}

/** To be called when a thread is found to have ended. Its id is what `Worker.threadId` was while it lived. */
export function markThreadDead(id: number): void {
  if (!isListed(id)) return // the main thread outlives all; an ended Worker shows -1
  deathTable()
  for (const table of tables) Atomics.or(table, Math.trunc(id / bitsPerWord), 1 << (id % bitsPerWord))
}

/** Whether anybody has marked it. */
export function isMarkedDead(id: number): boolean {
  if (id === threadId || !isListed(id)) return false
  const bit = 1 << (id % bitsPerWord)
  return tables.some(table => (Atomics.load(table, Math.trunc(id / bitsPerWord)) & bit) !== 0)
}

/** Whether the table has a bit for it. */
function isListed(id: number): boolean {
  return id > 0 && id < mostThreads
}

function createTable(): Int32Array {
  const table = new Int32Array(new SharedArrayBuffer(tableLength * Int32Array.BYTES_PER_ELEMENT))
  for (const index of [identity, identity + 1]) table[index] = Math.random() * 2 ** 32
  return table
}
