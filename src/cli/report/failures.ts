import type { DescribedError } from '../outcomes/json.js'

/** So many groups are told apart, and so many examples kept of each. */
const mostGroups = 50
const mostExamples = 3

const longestMessage = 1000
const longestStack = 4000

export interface FailureExample {
  index: number
  message: string
  /** The beginning of the row. */
  input: string
  stack: string
}

export interface FailureGroup {
  name: string
  code: string
  /** The message without what differs from row to row. */
  message: string
  count: number
  examples: FailureExample[]
}

export interface Failures {
  groups: FailureGroup[]
  /** Failures of further groups. */
  others: number
}

/** Failures by what they have in common. */
export class FailureGroups {
  readonly #groups = new Map<string, FailureGroup>()
  #others = 0

  add(index: number, error: DescribedError, input: string): void {
    const { name, code = '', message, stack } = error
    const common = patternOf(message.slice(0, longestMessage))
    const key = `${name}\n${code}\n${common}`
    let group = this.#groups.get(key)
    if (group === undefined) {
      if (this.#groups.size >= mostGroups) {
        this.#others++
        return
      }
      group = { name, code: String(code), message: common, count: 0, examples: [] }
      this.#groups.set(key, group)
    }
    group.count++
    if (group.examples.length < mostExamples)
      group.examples.push({
        index,
        input,
        message: message.slice(0, longestMessage),
        stack: stack.slice(0, longestStack),
      })
  }

  /** The most frequent first. */
  all(): Failures {
    const groups = [...this.#groups.values()].sort((one, other) => other.count - one.count)
    return { groups, others: this.#others }
  }
}

/** Addresses, quoted text and numbers are what differs between failures of one kind. */
export function patternOf(message: string): string {
  return message
    .replace(/\b[a-z][a-z+.-]*:\/\/\S+/gi, '…')
    .replace(/'[^'\n]*'|"[^"\n]*"|`[^`\n]*`/g, '…')
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/gi, '…')
    .replace(/\b(?=[0-9a-f]*\d)[0-9a-f]{8,}\b/gi, '…')
    .replace(/\d+(?:[.,:]\d+)*/g, '#')
}
