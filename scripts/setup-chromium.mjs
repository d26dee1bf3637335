// Installs the browser in which the tests look at reports, unless it is there.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const chromium = '/usr/bin/chromium'
const install = ['install', '--yes', '--no-install-recommends', 'chromium']

if (!existsSync(chromium)) {
  try {
    execFileSync('apt-get', ['update'], { stdio: 'inherit' })
    execFileSync('apt-get', install, { stdio: 'inherit' })
  } catch (error) {
    console.error(
      `The tests of reports need ${chromium}, and apt-get ${install.join(' ')} failed: ${error.message}`,
    )
    process.exit(1)
  }
}
