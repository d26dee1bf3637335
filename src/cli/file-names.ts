import { InvalidArgumentError } from 'commander'

/** @throws {InvalidArgumentError} if that is empty, as a variable of a shell may turn out to be */
export function parseFile(text: string): string {
  if (text === '') throw new InvalidArgumentError('Expected a file.')
  return text
}

/** @throws {InvalidArgumentError} if that is empty, or what means stdin or stdout elsewhere */
export function parseOwnFile(text: string): string {
  if (text === '-')
    throw new InvalidArgumentError(
      'Expected a file: only --input and --output may be a stream. ./- is a file.',
    )
  return parseFile(text)
}
