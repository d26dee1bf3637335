// Builds dist/ from src/: one CommonJS implementation, an ES module face that re-exports it, and the types.
import { execFileSync } from 'node:child_process'
import { copyFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const node = (...args) => execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' })

rmSync(`${root}/dist`, { recursive: true, force: true })
node('node_modules/typescript/bin/tsc', '-p', '.')
node('node_modules/rolldown/bin/cli.mjs', '-c')
for (const face of ['index', 'task']) copyFileSync(`${root}/src/${face}.mts`, `${root}/dist/${face}.mjs`)
