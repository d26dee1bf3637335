import { existsSync, readFileSync } from 'node:fs'
import * as nodeModule from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

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

type FindPackage = (url: string) => string | undefined

/** A .ts file with `import` or `export`, though its package.json says that such files are CommonJS. */
export function isModuleInCommonJS(url: string): boolean {
  // From Node 22.14 on, and so where types are stripped without a flag.
  const { findPackageJSON } = nodeModule as { findPackageJSON?: FindPackage }
  if (findPackageJSON === undefined || !new URL(url).pathname.endsWith('.ts')) return false
  const path = fileURLToPath(url)
  if (!existsSync(path) || !/^(import|export)\b/m.test(readFileSync(path, 'utf8'))) return false
  const manifest = findPackageJSON(url)
  return manifest !== undefined && JSON.parse(readFileSync(manifest, 'utf8')).type === 'commonjs'
}
