import type { Entry } from './outcomes/entry.js'
import type { Settings } from './settings.js'

/** So many failures are told one by one. */
const most = 10

/** Tells of failures on stderr, where they are not written anywhere: with --values and without --errors. */
export class FailureNotes {
  readonly #isNeeded: boolean
  readonly #say: (text: string) => void
  #count = 0

  constructor({ values, errors }: Settings, say: (text: string) => void) {
    this.#isNeeded = values === true && errors === undefined
    this.#say = say
  }

  add({ index, error }: Entry): void {
    if (!this.#isNeeded || error === undefined || this.#count > most) return
    this.#count++
    if (this.#count > most) this.#say('further failures are not shown; --errors FILE takes them all')
    else this.#say(`row ${index} failed: ${error.name}: ${error.message}`)
  }
}
