import { existsSync } from 'node:fs'
import { join } from 'node:path'

const pattern = /\.(?:[cm]?ts|tsx)(?=$|[?#])/

export function isTypeScript(url: string): boolean {
  return pattern.test(url)
}

/** The source of what a path will be after compilation, or of one without extension, if that is a file. */
export function typeScriptFile(path: string): string | undefined {
  const compiled = /\.([cm]?)jsx?$/.exec(path)
  const candidates =
    compiled === null
      ? extensions.flatMap(extension => [path + extension, join(path, `index${extension}`)])
      : [`.${compiled[1]}ts`, '.tsx'].map(extension => path.slice(0, compiled.index) + extension)
  return candidates.find(candidate => existsSync(candidate))
}

const extensions = ['.ts', '.mts', '.cts', '.tsx']
