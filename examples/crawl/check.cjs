/* Compares a crawl with the file system, as seen by neither the crawler nor the site. */
const { createHash } = require('node:crypto')
const { readdirSync, readFileSync } = require('node:fs')
const { join, resolve } = require('node:path')
const { isDocument, isHidden } = require('./documents.cjs')

/**
 * @param pages - what the crawler got, by path; `digest` is a page's SHA-256
 * @returns how many documents there are on disk, and in sentences all that the crawl got wrong
 */
function compareWithDisk(root, pages) {
  const files = new Map(documentsBelow(resolve(root), '/'))
  const expected = new Set([...files.keys()].flatMap(withFolders))
  const problems = []
  for (const path of expected) if (!pages.has(path)) problems.push(`${path} was not crawled`)
  for (const [path, page] of pages) {
    if (!expected.has(path)) problems.push(`${path} was crawled, but is not on disk`)
    else if (files.has(path) && page.digest !== digestOf(files.get(path)))
      problems.push(`${path} was crawled with other bytes than are on disk`)
  }
  return { documents: files.size, problems }
}

/** Pairs of a page's path and its file. */
function documentsBelow(folder, path) {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const file = join(folder, entry.name)
    if (entry.isDirectory() && !isHidden(entry.name)) return documentsBelow(file, `${path}${entry.name}/`)
    return entry.isFile() && isDocument(entry.name) ? [[path + entry.name, file]] : []
  })
}

/** '/a/b.md' needs the pages '/', '/a/' and '/a/b.md'. */
function withFolders(path) {
  const slashes = [...path.matchAll(/\//g)]
  return [...slashes.map(({ index }) => path.slice(0, index + 1)), path]
}

function digestOf(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex')
}

module.exports = { compareWithDisk }
