import { statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { addressOf } from '../bridge/function-names.js'
import { UsageError } from './usage-error.js'

/** `tasks.mjs` means that file, where there is one, and not a package of that name. */
export function moduleOf(given: string): string {
  const isFile = !isAbsolute(given) && statSync(given, { throwIfNoEntry: false })?.isFile() === true
  return isFile && !/^\.\.?[/\\]/.test(given) ? `./${given}` : given
}

/** @throws {UsageError} if these cannot be the names of a module and of a function */
export function checkAddress({ module, fn }: { module: string; fn: string }): void {
  try {
    addressOf(module, fn, baseUrl())
  } catch {
    throw new UsageError(
      fn === '' ? 'the name of the function is empty' : `'${module}' cannot be the name of a module`,
    )
  }
}

/** A file in the working directory, beside which modules are looked for. */
export function baseUrl(): string {
  return pathToFileURL(join(process.cwd(), 'base')).href
}
