import { statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** `tasks.mjs` means that file, where there is one, and not a package of that name. */
export function moduleOf(given: string): string {
  const isFile = !isAbsolute(given) && statSync(given, { throwIfNoEntry: false })?.isFile() === true
  return isFile && !/^\.\.?[/\\]/.test(given) ? `./${given}` : given
}

/** A file in the working directory, beside which modules are looked for. */
export function baseUrl(): string {
  return pathToFileURL(join(process.cwd(), 'base')).href
}
