import { inspect } from 'node:util'

/** What is thrown may say itself how it is shown, and fail at that: neither what is sent nor an exit hook may end there. */
export function show(thrown: unknown): string {
  try {
    return inspect(thrown)
  } catch {
    return 'a value that cannot be shown: it throws when it is looked at'
  }
}
