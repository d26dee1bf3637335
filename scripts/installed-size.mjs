// Prints what the package and its runtime dependencies take on disk when installed.
import { execFileSync } from 'node:child_process'
import { lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const home = mkdtempSync(join(tmpdir(), 'installed-size-'))
const npm = (args, cwd) =>
  execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })

try {
  const [packed] = JSON.parse(npm(['pack', '--json', '--ignore-scripts', `--pack-destination=${home}`], root))
  writeFileSync(join(home, 'package.json'), '{ "private": true }')
  npm(['install', '--no-audit', '--no-fund', '--prefer-offline', join(home, packed.filename)], home)
  const sizes = packages(join(home, 'node_modules')).map(({ name, path }) => [name, bytesIn(path)])
  sizes.sort(([, one], [, other]) => other - one)
  for (const [name, bytes] of sizes) console.log(format(bytes), name)
  console.log(format(sizes.reduce((sum, [, bytes]) => sum + bytes, 0)), `${sizes.length} packages`)
  console.log(format(packed.size), `the tarball of ${packed.entryCount} files`)
} finally {
  rmSync(home, { recursive: true, force: true })
}

function packages(folder) {
  return readdirSync(folder)
    .filter(name => !name.startsWith('.'))
    .flatMap(name => {
      const path = join(folder, name)
      if (!name.startsWith('@')) return { name, path }
      return readdirSync(path).map(inner => ({ name: `${name}/${inner}`, path: join(path, inner) }))
    })
}

function bytesIn(folder) {
  return readdirSync(folder, { recursive: true })
    .map(name => lstatSync(join(folder, name)))
    .reduce((sum, file) => sum + (file.isFile() ? file.size : 0), 0)
}

function format(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`.padStart(9)
}
