import { createHash, type Hash } from 'node:crypto'
import { UsageError } from '../usage-error.js'

/** The hash of so many first bytes of the input. */
export interface Mark {
  readonly bytes: number
  readonly sha256: string
}

/** Recognizes an input that comes through a pipe: the bytes that an earlier run has read must come again. */
export class InputDigest {
  readonly #hash: Hash = createHash('sha256')
  #bytes = 0
  /** Still to be seen, the shortest first. */
  readonly #expected: Mark[]
  #lastMarked = 0

  constructor(expected: readonly Mark[]) {
    this.#expected = [...expected]
  }

  /** All that the earlier run has read has come again. */
  get isVerified(): boolean {
    return this.#expected.length === 0
  }

  /** @throws {UsageError} if this is another input */
  update(chunk: Buffer): void {
    let rest = chunk
    for (let mark = this.#expected[0]; mark !== undefined; mark = this.#expected[0]) {
      const missing = mark.bytes - this.#bytes
      if (rest.length < missing) break
      this.#add(rest.subarray(0, missing))
      if (this.#sha256() !== mark.sha256) throw other()
      rest = rest.subarray(missing)
      this.#expected.shift()
    }
    this.#add(rest)
  }

  /** @throws {UsageError} if the input has ended too early */
  end(): void {
    if (!this.isVerified) throw other()
  }

  /** Undefined if nothing has come since the last one. */
  mark(): Mark | undefined {
    if (this.#bytes === this.#lastMarked || !this.isVerified) return undefined
    this.#lastMarked = this.#bytes
    return { bytes: this.#bytes, sha256: this.#sha256() }
  }

  #add(bytes: Buffer): void {
    this.#hash.update(bytes)
    this.#bytes += bytes.length
  }

  #sha256(): string {
    return this.#hash.copy().digest('hex')
  }
}

function other(): UsageError {
  return new UsageError('the input is not the one that the checkpoint is of: it begins differently')
}
