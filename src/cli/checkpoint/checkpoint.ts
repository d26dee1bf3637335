import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { temporaryOf } from '../files.js'
import type { Mark } from '../input/digest.js'
import type { Entry } from '../outcomes/entry.js'
import { naming, writeAll } from '../outcomes/write-all.js'
import { messageOf, UsageError } from '../usage-error.js'
import { DoneRows, EarlierRows } from './done-rows.js'
import { differenceOf, type Identity } from './identity.js'
import { findPlace } from './place.js'
import { type Acknowledged, decode, encode, encodeRow, type Standing } from './records.js'

/** What an earlier run left, to be taken up. */
export interface Earlier {
  standing: Standing
  /** Done since, in the order in which they were done; their lines may be missing in the files of results. */
  rows: Entry[]
  acknowledged: Acknowledged
}

/** Where the files of results stand, when all that was handed to them is on the disk. */
export type Positions = Pick<Standing, 'written' | 'output' | 'errors'>

/** By how much the file may grow before it is rewritten, in characters. */
const longestGrowth = 2 ** 23

/** How long what is appended may stay off the disk, in ms. That matters for a power cut, not for `kill -9`. */
const syncInterval = 1000

/**
 * The file that remembers what is done. It is only ever appended to, so that a process killed at any moment leaves
 * at worst half a last line, which is dropped; and when it has grown, replaced as a whole by renaming.
 */
export class Checkpoint {
  readonly #path: string
  readonly #identity: Identity
  readonly #done: DoneRows
  readonly earlier: Earlier | undefined
  #ok: number
  #failed: number
  /** The first and the last. */
  #marks: Mark[]
  #handle: FileHandle | undefined
  #growth = 0
  #lastSync = performance.now()
  /** A sync that runs beside the writes; it rejects only through {@link Checkpoint.append}. */
  #syncing: Promise<void> | undefined
  #syncError: unknown

  private constructor(path: string, identity: Identity, earlier: Earlier | undefined) {
    this.#path = path
    this.#identity = identity
    this.earlier = earlier
    const { next = 0, done = [], ok = 0, failed = 0, marks = [] } = earlier?.standing ?? {}
    this.#done = new DoneRows(next, done)
    this.#ok = ok
    this.#failed = failed
    this.#marks = [...marks]
    for (const row of earlier?.rows.slice(earlier.standing.held) ?? []) this.#count(row)
  }

  /** @throws {UsageError} if it cannot be written, is damaged, or of another run */
  static async open(path: string, identity: Identity): Promise<Checkpoint> {
    return new Checkpoint(await findPlace(path), identity, await readEarlier(path, identity))
  }

  /** Also by earlier runs. */
  get ok(): number {
    return this.#ok
  }

  /** Also by earlier runs. */
  get failed(): number {
    return this.#failed
  }

  get done(): EarlierRows {
    return new EarlierRows(this.#done.next, this.#done.ranges())
  }

  get marks(): readonly Mark[] {
    return this.#marks
  }

  get #name(): string {
    return `--checkpoint ${this.#path}`
  }

  get isLong(): boolean {
    return this.#growth > longestGrowth
  }

  /** Remembers rows: from here on they are not done again. */
  async append(rows: readonly Entry[], mark: Mark | undefined): Promise<void> {
    if (mark !== undefined) this.#marks = [this.#marks[0] ?? mark, mark]
    const read = mark === undefined ? '' : encode({ read: mark })
    await naming(this.#name, () => this.#write(read + rows.map(encodeRow).join('')))
    for (const row of rows) this.#count(row)
  }

  /** Remembers that lines have gone to where they cannot be cut off again. */
  async acknowledge(lines: Acknowledged): Promise<void> {
    await naming(this.#name, () => this.#write(encode({ lines })))
  }

  /**
   * Puts all of it in a new file, without the lines that are in the files of results by now.
   *
   * @param held - done, and not in the files of results for the sake of order
   */
  async rewrite(positions: Positions, held: readonly Entry[]): Promise<void> {
    const standing: Standing = {
      next: this.#done.next,
      done: this.#done.ranges(),
      ok: this.#ok,
      failed: this.#failed,
      ...positions,
      held: held.length,
      marks: this.#marks,
    }
    await naming(this.#name, () => this.#replace(standing, held))
  }

  async #replace(standing: Standing, held: readonly Entry[]): Promise<void> {
    const header = { checkpoint: 'async-pool', version: 1, run: this.#identity } as const
    const temporary = temporaryOf(this.#path)
    const handle = await open(temporary, 'w')
    await writeAll(handle, encode({ header }) + encode({ standing }) + held.map(encodeRow).join(''), null)
    await handle.sync()
    await this.close()
    await rename(temporary, this.#path)
    await syncFolder(dirname(this.#path))
    this.#handle = handle
    this.#growth = 0
  }

  async close(): Promise<void> {
    await this.#syncing
    await this.#handle?.close()
    this.#handle = undefined
  }

  async #write(text: string): Promise<void> {
    if (this.#syncError !== undefined) throw this.#syncError
    if (this.#handle === undefined) throw new Error('the checkpoint has not been written yet')
    this.#growth += await writeAll(this.#handle, text, null)
    if (this.#syncing !== undefined || performance.now() - this.#lastSync < syncInterval) return
    this.#syncing = this.#handle
      .datasync()
      .catch((error: unknown) => {
        this.#syncError = error
      })
      .finally(() => {
        this.#syncing = undefined
        this.#lastSync = performance.now()
      })
  }

  #count({ index, ok }: Entry): void {
    this.#done.add(index)
    if (ok) this.#ok++
    else this.#failed++
  }
}

/** Undefined if there is nothing to go on from. */
async function readEarlier(path: string, identity: Identity): Promise<Earlier | undefined> {
  const text = await readText(path)
  if (text === '') return undefined
  // A last line without an end was being written when the process was killed: it does not count.
  const [header, standing, ...changes] = text.split('\n').slice(0, -1).map(decode)
  if (header === undefined || !('header' in header) || standing === undefined || !('standing' in standing))
    throw new UsageError(`--checkpoint ${path} is there already, and is no checkpoint of async-pool`)
  const difference = differenceOf(header.header.run, identity)
  if (difference !== undefined)
    throw new UsageError(
      `--checkpoint ${path} is of another run: ${difference}. Name another file, or delete this one to start anew`,
    )
  return takeUp({ standing: standing.standing, rows: [], acknowledged: {} }, changes, path)
}

function takeUp(earlier: Earlier, changes: readonly ReturnType<typeof decode>[], path: string): Earlier {
  const marks = [...earlier.standing.marks]
  for (const [position, change] of changes.entries()) {
    if (change === undefined || 'header' in change || 'standing' in change)
      throw new UsageError(`--checkpoint ${path} is damaged: line ${position + 3} is no record`)
    if ('row' in change) earlier.rows.push(change.row)
    else if ('lines' in change) earlier.acknowledged = change.lines
    else marks.splice(1, 1, change.read)
  }
  return { ...earlier, standing: { ...earlier.standing, marks } }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new UsageError(`cannot read --checkpoint ${path}: ${messageOf(error)}`)
  }
}

/** So that the new name survives a power cut too. Only POSIX lets a folder be opened. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const handle = await open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
