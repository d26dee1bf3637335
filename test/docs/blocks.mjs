import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../paths.mjs'

/** Written by a script from docstrings, whose examples are parts of programs. */
const generated = 'api'

/** What is written by hand: that beside README.md, and every guide in docs/. */
export const documents = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  'examples/README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true })
    .filter(path => path.endsWith('.md') && !path.startsWith(generated))
    .map(path => `docs/${path}`)
    .sort(),
]

/** Languages whose blocks have to say, in a comment before them, what a test does with them. */
const runnable = ['js', 'mjs', 'cjs', 'ts', 'mts', 'sh']

/**
 * The code blocks of a document with their markers, in order:
 * - `<!-- file: name -->`: a file that others use
 * - `<!-- run: name -->`: a file that is run
 * - `<!-- output: name -->`: what it prints; if there is no such block, that is in expected.mjs
 * - `<!-- run -->`: commands
 * - `<!-- prints -->` or `<!-- prints, status 1 -->`: what the commands before it print
 * - `<!-- not run: reason -->`
 */
export function blocksOf(document) {
  const text = readFileSync(join(root, document), 'utf8')
  return [...text.matchAll(/(?:<!-- (.*?) -->\n+)?^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ([, marker = '', language, code]) => {
      const [kind, name] = marker.split(': ')
      return { marker, kind, name, language, code }
    },
  )
}

export function isUnmarked({ kind, name, language }) {
  if (!runnable.includes(language)) return false
  if (kind === 'file' || kind === 'not run') return !name
  return kind !== 'run' || (language === 'sh') !== (name === undefined)
}

/** The lines that files print, by their names, as far as the document says. */
export function outputsOf(blocks) {
  const outputs = blocks.filter(({ kind }) => kind === 'output')
  return Object.fromEntries(outputs.map(({ name, code }) => [name, code.trimEnd().split('\n')]))
}

/** Blocks of commands with what the block after them says that they print; undefined if none does. */
export function commandsOf(blocks) {
  return blocks.flatMap(({ kind, language, code }, index) => {
    if (kind !== 'run' || language !== 'sh') return []
    const next = blocks[index + 1]
    const isOutput = next?.kind?.startsWith('prints')
    const status = isOutput ? Number(next.kind.match(/status (\d+)/)?.[1] ?? 0) : 0
    return [{ command: code, status, printed: isOutput ? next.code : undefined }]
  })
}
