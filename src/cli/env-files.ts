import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { messageOf, UsageError } from './usage-error.js'

/**
 * Sets environment variables as `node --env-file` does: what is set already stays, and later files count more. Node
 * itself looks at options of that name also behind a script's name (nodejs/node#54232), and exits with code 9 if there
 * is no such file; what it has set, it has set to the same.
 *
 * @throws {UsageError} if a file cannot be read
 */
export function applyEnvFiles(files: readonly string[]): void {
  const variables: NodeJS.Dict<string> = {}
  for (const file of files) Object.assign(variables, readVariables(file))
  for (const [name, value] of Object.entries(variables)) process.env[name] ??= value
}

function readVariables(file: string): NodeJS.Dict<string> {
  // Node has it since 20.12.
  if (typeof parseEnv !== 'function') throw new UsageError('--env-file needs Node 20.12 or later')
  try {
    return parseEnv(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`cannot read --env-file: ${messageOf(error)}`)
  }
}
