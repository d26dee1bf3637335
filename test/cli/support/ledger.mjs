import { existsSync, readFileSync, statSync } from 'node:fs'

/** What `noted` tasks have written, however their process ended. */
export class Ledger {
  constructor(path) {
    this.path = path
  }

  /** Values that a task has begun, or ended, with; several times if it was run several times. */
  values(what) {
    if (!existsSync(this.path)) return []
    return [...readFileSync(this.path, 'utf8').matchAll(new RegExp(`^${what} (\\d+)$`, 'gm'))].map(
      ([, value]) => Number(value),
    )
  }

  /** Resolves when it is so many bytes longer, or `over` has settled. */
  async grows(bytes, over) {
    const size = () => statSync(this.path, { throwIfNoEntry: false })?.size ?? 0
    const goal = size() + bytes
    let isOver = false
    over.finally(() => {
      isOver = true
    })
    await until(() => size() >= goal || isOver)
  }
}

/** The rows that a checkpoint says are done. */
export function rowsIn(path) {
  if (!existsSync(path)) return new Set()
  const [, standing, ...changes] = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  const { next, done } = JSON.parse(standing).standing
  const rows = new Set(Array.from({ length: next }, (_, row) => row))
  for (const [from, to] of done) for (let row = from; row < to; row++) rows.add(row)
  for (const change of changes) {
    const [, row] = change.match(/^\{"row":(\d+),/) ?? []
    if (row !== undefined) rows.add(Number(row))
  }
  return rows
}

/** For what another process writes into files, which tells nobody. */
export async function until(condition) {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 1))
}
