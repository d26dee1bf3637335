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
