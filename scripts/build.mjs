// Builds dist/ from src/: one CommonJS implementation, ES module faces that re-export it, and the types.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const require = createRequire(import.meta.url)
const node = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })

rmSync(`${root}/dist`, { recursive: true, force: true })
node('node_modules/typescript/bin/tsc', '-p', '.')
node('node_modules/typescript/bin/tsc', '-p', 'src/cli/report/browser')
rmSync(`${root}/dist/cli`, { recursive: true }) // types of the command, which nobody can import
node('node_modules/rolldown/bin/cli.mjs', '-c')
node('node_modules/rolldown/bin/cli.mjs', '-c', 'rolldown.command.mjs')
chmodSync(`${root}/dist/cli.js`, 0o755)
const entries = ['index', 'async', 'sync', 'synckit', 'task']
for (const entry of entries) writeFaces(entry)
removeUnreachableTypes(entries)

/**
 * Node gets a face that requires the implementation: to import a CommonJS file takes the module loader 6 ms longer.
 * Bundlers get one that they can follow.
 */
function writeFaces(entry) {
  const names = Object.keys(require(`${root}/dist/${entry}.js`)).join(', ')
  const face = [
    "import { createRequire } from 'node:module'",
    '',
    `export const { ${names} } = createRequire(import.meta.url)('./${entry}.js')`,
  ]
  writeFileSync(`${root}/dist/${entry}.mjs`, `${face.join('\n')}\n`)
  writeFileSync(`${root}/dist/${entry}.bundler.mjs`, `export { ${names} } from './${entry}.js'\n`)
  writeFileSync(`${root}/dist/${entry}.d.mts`, `export * from './${entry}.js'\n`)
}

/** The compiler writes declarations of every file; users need those that the entries refer to. */
function removeUnreachableTypes(entries) {
  const dist = join(root, 'dist')
  const reachable = new Set()
  const visit = path => {
    if (reachable.has(path) || !existsSync(path)) return // an example may import a file of its own
    reachable.add(path)
    for (const [, name] of readFileSync(path, 'utf8').matchAll(
      /(?:from |import\(|import )['"](\.[^'"]+)\.js['"]/g,
    ))
      visit(join(dirname(path), `${name}.d.ts`))
  }
  for (const entry of entries) visit(join(dist, `${entry}.d.ts`))
  for (const name of readdirSync(dist, { recursive: true })) {
    const path = join(dist, name)
    if (path.endsWith('.d.ts') && !reachable.has(path)) rmSync(path)
  }
}
