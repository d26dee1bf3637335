/*
 * Two projects with the same ESLint, plug-ins and files to lint: one with synckit, as it is installed here, and one in
 * which npm was told to put async-pool-executor/synckit in its place.
 */
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const scripts = fileURLToPath(new URL('.', import.meta.url))

/** What the packages do for their users, by package that uses synckit. */
export const users = { 'eslint-plugin-prettier': 'lint-with-prettier.mjs', 'eslint-mdx': 'lint-mdx.mjs' }

const installed = ['eslint', 'eslint-mdx', 'eslint-plugin-mdx', 'eslint-plugin-prettier', 'prettier']

/**
 * @param {string} home a folder outside of this project
 * @returns the folders of both projects
 */
export function createProjects(home) {
  const synckit = createProject(join(home, 'synckit'), {})
  symlinkSync(join(root, 'node_modules'), join(synckit, 'node_modules'), 'dir')

  const ours = pack(root, home)
  const alias = pack(createAlias(join(home, 'alias')), home)
  const dropIn = createProject(join(home, 'drop-in'), {
    dependencies: {
      ...Object.fromEntries(installed.map(name => [name, versionOf(name)])),
      'async-pool-executor': ours,
    },
    overrides: { synckit: alias },
  })
  const flags = ['--prefer-offline', '--ignore-scripts', '--no-audit', '--no-fund']
  execFileSync('npm', ['install', ...flags], { cwd: dropIn, stdio: ['ignore', 'ignore', 'pipe'] })
  return { synckit, 'async-pool-executor/synckit': dropIn }
}

/** Files to lint, by package: sources of this project, and documents of its dependencies. */
export function createFiles(home) {
  const sources = ['bench', 'test', 'examples'].flatMap(folder => filesIn(join(root, folder), /\.[cm]js$/))
  const documents = join(home, 'documents') // outside of node_modules, where ESLint does not look
  mkdirSync(documents)
  const found = readdirSync(join(root, 'node_modules'), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .flatMap(({ name }) => readmeOf(name))
  for (const [index, path] of found.slice(0, 100).entries()) {
    copyFileSync(path, join(documents, `${index}.md`))
    if (index % 4 === 0) copyFileSync(path, join(documents, `${index}.mdx`))
  }
  return { 'eslint-plugin-prettier': sources.slice(0, 60), 'eslint-mdx': filesIn(documents, /\.mdx?$/) }
}

function createProject(folder, manifest) {
  cpSync(scripts, folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module', ...manifest }))
  return folder
}

/** A package named synckit that is nothing but the drop-in. */
function createAlias(folder) {
  mkdirSync(folder)
  const write = (name, text) => writeFileSync(join(folder, name), text)
  write('index.mjs', `export * from 'async-pool-executor/synckit'`)
  write('index.cjs', `module.exports = require('async-pool-executor/synckit')`)
  const exports = { import: './index.mjs', require: './index.cjs' }
  write('package.json', JSON.stringify({ name: 'synckit', version: versionOf('synckit'), exports }))
  return folder
}

/** @returns the specifier of a package's tarball */
function pack(folder, destination) {
  const args = ['pack', '--json', '--ignore-scripts', `--pack-destination=${destination}`]
  const [{ filename }] = JSON.parse(
    execFileSync('npm', args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )
  return `file:${join(destination, filename)}`
}

function versionOf(name) {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version
}

function filesIn(folder, pattern) {
  return readdirSync(folder, { recursive: true })
    .filter(name => pattern.test(name) && !name.startsWith('tmp'))
    .sort()
    .map(name => join(folder, name))
}

/** None, or one of a size that does not make the others not count. */
function readmeOf(name) {
  const path = join(root, 'node_modules', name, 'README.md')
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  return size > 1000 && size < 40_000 ? [path] : []
}
