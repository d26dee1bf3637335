import { Module } from 'node:module'
import { fileURLToPath } from 'node:url'

type Import = (specifier: string) => Promise<unknown>
const importers = new Map<string, Import>()

/**
 * `import()` as a file at `base` would do it, so that a package name is looked up from the user's folder and
 * with the `import` condition. Code compiled as a CommonJS module of that path has it without a flag
 * or a warning; `import.meta.resolve` takes a parent, and `vm` the default loader, only as an experiment.
 */
export function importFrom(base: string): Import {
  let importer = importers.get(base)
  if (importer === undefined) {
    const filename = fileURLToPath(base)
    const module = new Module(filename) as Module & { _compile(code: string, filename: string): void }
    module.filename = filename
    module._compile('module.exports = specifier => import(specifier)', filename)
    importer = module.exports as Import
    importers.set(base, importer)
  }
  return importer
}
