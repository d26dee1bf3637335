import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../paths.mjs'

const require = createRequire(import.meta.url)

/** What an entry exports, types too; `export *` is followed. */
function namesOf(path) {
  const source = readFileSync(path, 'utf8')
  const listed = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)]
    .flatMap(([, list]) => list.split(','))
    .map(item =>
      item
        .trim()
        .replace(/^type /, '')
        .replace(/^.* as /, ''),
    )
  const declared = [
    ...source.matchAll(
      /^export (?:declare )?(?:async )?(?:function|class|interface|type|const|enum) (\w+)/gm,
    ),
  ].map(([, name]) => name)
  const followed = [...source.matchAll(/^export (?:type )?\* from '(.*)\.js'/gm)].flatMap(([, from]) =>
    namesOf(join(path, '..', `${from}.d.ts`)),
  )
  return [...new Set([...listed, ...declared, ...followed])].filter(name => name !== '')
}

/** Called by this package in other threads, and described nowhere. */
const internal = ['revive']

describe.each(['index', 'async', 'sync', 'synckit', 'task'])('docs/api/%s.md', entry => {
  const names = namesOf(join(root, `dist/${entry}.d.ts`)).filter(name => !internal.includes(name))
  const reference = readFileSync(join(root, `docs/api/${entry}.md`), 'utf8').replaceAll('\\', '')
  const headings = [...reference.matchAll(/^### (\w+)/gm)].map(([, name]) => name)

  test('has every public name, and no other', () => {
    expect([...new Set(headings)].sort()).toEqual([...names].sort())
  })
})

test('the reference has every member of an executor and of a future', () => {
  const text = readFileSync(join(root, 'docs/api/index.md'), 'utf8')
  const { AsyncPoolExecutor, Future } = require(join(root, 'dist/index.js'))
  for (const { prototype } of [AsyncPoolExecutor, Future])
    for (const name of Object.getOwnPropertyNames(prototype)) expect(text).toContain(`##### ${name}`)
})

/** Files all of whose docstrings are of public names, by the page that these are on. */
const described = {
  index: ['bridge/executor', 'bridge/stats', 'channel/errors', 'channel/transfer'],
  async: ['pool/async-pool', 'pool/face'],
  sync: ['sync/semaphore', 'sync/event', 'sync/condition', 'sync/barrier', 'sync/queue'],
  task: ['task'],
}

/** Only words count: lines are broken anew, and links are written in other ways. */
function wordsOf(text) {
  return text
    .replace(/\]\([^)]*\)/g, ']')
    .replace(/\{@link (?:[\w.]+\|)?([^}]*)\}/g, '$1')
    .replace(/[^\w]+/g, ' ')
    .trim()
}

/** What the docstrings of a file say before their first tag. */
function descriptionsOf(file) {
  const source = readFileSync(join(root, `dist/${file}.d.ts`), 'utf8')
  return [...source.matchAll(/\/\*\*([\s\S]*?)\*\/\n(.*)/g)]
    .filter(([, text, next]) => !text.includes('@internal') && !/export declare (let|const)/.test(next))
    .map(([, text]) => wordsOf(text.replace(/^ *\* ?/gm, '').split(/(?<!\{)@\w/)[0]))
}

test.each(Object.entries(described))('docs/api/%s.md says what the docstrings say', (entry, files) => {
  const reference = wordsOf(readFileSync(join(root, `docs/api/${entry}.md`), 'utf8').replaceAll('\\', ''))
  const descriptions = files.flatMap(descriptionsOf)
  expect(descriptions.length).toBeGreaterThan(3)
  expect(descriptions.filter(text => !reference.includes(text))).toEqual([])
})
