import { createHash } from 'node:crypto'
import { pagePath, urlOf } from '../crawl/documents.cjs'

/** Fetches one page of the site; `links` are the paths of the pages of the same site that it leads to. */
export async function fetchPage(site, path) {
  const response = await fetch(urlOf(site, path), { signal: AbortSignal.timeout(10_000) })
  const body = Buffer.from(await response.arrayBuffer())
  return {
    path,
    status: response.status,
    bytes: body.length,
    digest: createHash('sha256').update(body).digest('hex'),
    links: response.ok ? linksIn(body.toString(), response) : [],
  }
}

const htmlLink = /\bhref\s*=\s*["']([^"']+)["']/g
const markdownLinks = [htmlLink, /\]\(\s*<?([^\s()<>]+)/g, /^ {0,3}\[[^\]\n]+\]:\s*<?([^\s<>]+)/gm]

function linksIn(text, { headers, url }) {
  const type = headers.get('content-type')
  if (type.startsWith('text/html')) return pathsFound(text, [htmlLink], url)
  if (type.startsWith('text/markdown')) return pathsFound(withoutCode(text), markdownLinks, url)
  return []
}

/** What looks like a link in a code block is none. */
function withoutCode(markdown) {
  return markdown.replace(/^ {0,3}(```|~~~)[\s\S]*?^ {0,3}\1/gm, '').replace(/`[^`\n]*`/g, '')
}

function pathsFound(text, patterns, url) {
  const targets = patterns.flatMap(pattern => Array.from(text.matchAll(pattern), match => match[1]))
  return [...new Set(targets.map(target => pagePath(target, url)))].filter(path => path !== undefined)
}
