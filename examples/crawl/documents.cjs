/*
 * What the site and its crawler agree on: which files are documents, and that a page is known by its decoded path,
 * '/eslint/README.md' or, for a folder, '/eslint/'. (In a URL '@' and '%40' are different ways to the same page.)
 */

const documentNames = [
  /\.(md|markdown|html?|txt)$/i,
  /^(readme|changelog|history|authors|contributors|copying|licen[sc]e|notice)$/i,
  /^licen[sc]e[-.](?!.*\.[cm]?js$)/i,
  /\.d\.[cm]?ts$/,
  /^package\.json$/,
]

/** Hidden files belong to nobody's documentation, and tools keep their caches there. */
function isHidden(name) {
  return name.startsWith('.')
}

function isDocument(name) {
  return !isHidden(name) && documentNames.some(pattern => pattern.test(name))
}

function urlOf(site, path) {
  return site + path.split('/').map(encodeURIComponent).join('/')
}

/** The path of the page that a link leads to; undefined if it leaves the site or leads to no page. */
function pagePath(link, base) {
  if (!URL.canParse(link, base)) return undefined
  const { origin, pathname } = new URL(link, base)
  if (origin !== new URL(base).origin) return undefined
  const path = decodedPath(pathname)
  const isPage =
    path !== undefined && (path.endsWith('/') || isDocument(path.slice(path.lastIndexOf('/') + 1)))
  return isPage ? path : undefined
}

/** Undefined if the escapes are malformed. */
function decodedPath(pathname) {
  try {
    return decodeURIComponent(pathname)
  } catch {
    return undefined
  }
}

module.exports = { decodedPath, isDocument, isHidden, pagePath, urlOf }
