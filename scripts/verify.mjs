// Everything that must hold before a change lands, on a fresh clone too: install, build, check, test, pack.
import { execSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const steps = [
  'node scripts/setup.mjs',
  'node scripts/setup-chromium.mjs',
  'npx biome ci .',
  'npm run --silent build',
  'npx tsc -p test/types',
  'npx tsc -p test/types/tsconfig.node16.json',
  'npx tsc -p test/types/tsconfig.bundler.json',
  'npx publint --strict',
  'npx attw --pack .',
  'node scripts/installed-size.mjs',
  'npx vitest run',
  'npm run --silent test:runtimes',
]

for (const step of steps) {
  console.log(`\n> ${step}`)
  execSync(step, { cwd: fileURLToPath(new URL('..', import.meta.url)), stdio: 'inherit' })
}
