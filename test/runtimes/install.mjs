import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cache = fileURLToPath(new URL('../../.cache/runtimes', import.meta.url))
const longestInstall = 300_000

/**
 * The program of a runtime from npm, such as `node@22` or `bun`; installed at the first time.
 *
 * @throws {Error} if it cannot be installed, or does not run here
 */
export function programOf(specifier) {
  const folder = join(cache, specifier.replace('@', ''))
  const name = specifier.replace(/@.*/, '')
  const program = find(folder, name) ?? install(specifier, folder, name)
  try {
    const version = execFileSync(program, ['--version'], { encoding: 'utf8', timeout: 30_000 })
    return { program, version: /\d+\.\d+\.\d+/.exec(version)[0] }
  } catch (cause) {
    throw new Error(`${specifier} was installed, but ${program} does not run: ${cause.message}`, { cause })
  }
}

function install(specifier, folder, name) {
  console.log(`installing ${specifier} into ${folder}`)
  mkdirSync(folder, { recursive: true })
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const args = ['install', '--prefix', folder, '--no-audit', '--no-fund', '--loglevel=error', specifier]
  try {
    execFileSync(npm, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: longestInstall })
  } catch (cause) {
    throw new Error(`npm cannot install ${specifier}: ${cause.message}`, { cause })
  }
  const program = find(folder, name)
  if (program === undefined)
    throw new Error(`npm installed ${specifier}, but there is no program in ${folder}`)
  return program
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
