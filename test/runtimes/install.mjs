import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('../../.cache/runtimes', import.meta.url))

/** The program of a runtime from npm, such as `node@22` or `bun`; installed at the first time. */
export function programOf(specifier) {
  const folder = join(cache, specifier.replace('@', ''))
  const name = specifier.replace(/@.*/, '')
  const found = find(folder, name)
  if (found !== undefined) return found
  mkdirSync(folder, { recursive: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  execFileSync(npm, ['install', '--prefix', folder, '--no-audit', '--no-fund', '--silent', specifier], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const installed = find(folder, name)
  if (installed === undefined)
    throw new Error(`npm installed ${specifier}, but there is no program in ${folder}`)
  return installed
}

/** In the package itself or in the one of the platform, which an install script may have moved it from. */
function find(folder, name) {
  for (const owner of [name, '@oven', '@deno']) {
    const candidate = join(folder, 'node_modules', owner)
    if (!existsSync(candidate)) continue
    for (const path of readdirSync(candidate, { recursive: true })) {
      const program = join(candidate, path)
      if ([name, `${name}.exe`].includes(basename(path)) && isProgram(program)) return program
    }
  }
  return undefined
}

function isProgram(path) {
  const { size } = statSync(path, { throwIfNoEntry: false }) ?? { size: 0 }
  return size > 1_000_000 && statSync(path).isFile()
}
