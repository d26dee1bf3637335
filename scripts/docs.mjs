// Writes the API reference, docs/api/, from the docstrings in src/.
// typedoc needs the JavaScript API of TypeScript, which version 7 does not have: it gets a TypeScript of its own, in a
// folder beside, so that the one that builds and checks the package is the only one in node_modules.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/.$/, '')
const tools = `${root}/.cache/typedoc`
/** Written beside at first: when that fails, the reference stays what it is. */
const written = `${tools}/api`
const output = `${root}/docs/api`
const packages = ['typedoc@0.28.20', 'typedoc-plugin-markdown@4.14.1', 'typescript@6.0']
const entries = ['index', 'async', 'sync', 'synckit', 'task']

mkdirSync(tools, { recursive: true })
writeFileSync(`${tools}/package.json`, '{ "private": true }\n')
execFileSync('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefix', tools, ...packages], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
})

const options = {
  plugin: [`${tools}/node_modules/typedoc-plugin-markdown/dist/index.js`],
  tsconfig: `${root}/tsconfig.json`,
  basePath: `${root}/src`,
  entryPoints: entries.map(entry => `${root}/src/${entry}.ts`),
  name: 'async-pool-executor',
  out: written,
  outputFileStrategy: 'modules',
  readme: 'none',
  disableSources: true,
  excludePrivate: true,
  hidePageHeader: true,
  hideBreadcrumbs: true,
  // What the reference names and does not describe is not for users: they never write these types.
  intentionallyNotExported: ['FacadeOf', 'Exported', 'Helpers', 'Results', 'SharedExecutor', 'Streamed'],
  validation: { invalidLink: false },
  treatWarningsAsErrors: true,
}
writeFileSync(`${tools}/typedoc.json`, JSON.stringify(options))
execFileSync(
  process.execPath,
  [`${tools}/node_modules/typedoc/bin/typedoc`, '--options', `${tools}/typedoc.json`],
  {
    stdio: 'inherit',
    cwd: root,
  },
)

rmSync(output, { recursive: true, force: true })
mkdirSync(output)
for (const name of readdirSync(written)) {
  const text = withoutNumbers(readFileSync(`${written}/${name}`, 'utf8'))
  writeFileSync(
    `${output}/${name}`,
    `<!-- Written by \`npm run docs\` from the docstrings in src/. -->\n\n${text}`,
  )
}
execFileSync(
  process.execPath,
  [`${root}/node_modules/@biomejs/biome/bin/biome`, 'format', '--write', output],
  {
    stdio: 'inherit',
  },
)

/**
 * Links to headings as GitHub makes them. A heading is told from others of its name by a number, and typedoc counts names
 * that have no heading of their own, such as the type of a property that is named after it: `#futurestate-1`.
 */
function withoutNumbers(text) {
  const numbers = new Map()
  const anchors = new Set()
  for (const [, heading] of text.replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.*)$/gm)) {
    const anchor = anchorOf(heading)
    const number = numbers.get(anchor) ?? 0
    numbers.set(anchor, number + 1)
    anchors.add(number === 0 ? anchor : `${anchor}-${number}`)
  }
  return text.replace(/\]\(#([^)]+)-\d+\)/g, (link, anchor) =>
    anchors.has(link.slice(3, -1)) || !anchors.has(anchor) ? link : `](#${anchor})`,
  )
}

function anchorOf(heading) {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/ /g, '-')
}
