// Installs what package-lock.json says, unless that is what is installed already. Not by `npm ci`, which refuses a lock
// file without the optional packages of platforms that the registry does not have.
import { execSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const wanted = readFileSync(`${root}/package-lock.json`, 'utf8')
const installed = `${root}/node_modules/.installed-lock.json`
if (!existsSync(installed) || readFileSync(installed, 'utf8') !== wanted) {
  execSync('npm install --no-save --no-audit --no-fund', { cwd: root, stdio: 'inherit' })
  writeFileSync(installed, wanted)
}
