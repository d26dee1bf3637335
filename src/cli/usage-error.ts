/** The command cannot do what it was asked for; said in one line on stderr, with exit status 2. */
export class UsageError extends Error {}

/** What an error says, for a sentence of ours that goes on. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
