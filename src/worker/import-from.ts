import { Module } from 'node:module'
import { fileURLToPath } from 'node:url'

/**
 * Runs code as a CommonJS module of a path, and gives what it exports. Code compiled this way has `import()` without
 * a flag or a warning, and where strings may not be compiled; `import.meta.resolve` takes a parent, and `vm` the
 * default loader, only as an experiment.
 *
 * @param shown - the path in stack traces, and what `import()` is relative to
 */
export function compileAt(filename: string, code: string, shown = filename): unknown {
  const module = new Module(filename) as Module & { _compile(code: string, filename: string): void }
  module.filename = filename
  module._compile(code, shown)
  return module.exports
}

type Import = (specifier: string) => Promise<unknown>
const importers = new Map<string, Import>()

/**
 * `import()` as a file at `base` would do it, so that a package name is looked up from the user's folder and
 * with the `import` condition.
 */
export function importFrom(base: string): Import {
  let importer = importers.get(base)
  if (importer === undefined) {
    importer = compileAt(fileURLToPath(base), 'module.exports = specifier => import(specifier)') as Import
    importers.set(base, importer)
  }
  return importer
}
