/*
 * A web site of all documents below a folder, for crawl.cjs: `node site.cjs <folder>` prints its address, and serves
 * until its standard input ends. Each folder is a page that links to its documents and to the folders below it.
 */
const { readdirSync } = require('node:fs')
const { readFile } = require('node:fs/promises')
const { createServer } = require('node:http')
const { join, resolve } = require('node:path')
const { decodedPath, isDocument, isHidden, urlOf } = require('./documents.cjs')

/** Each page by its path: an index as text, or the file that is the page. Nothing else can be asked for. */
const pages = new Map()
publish(resolve(process.argv[2]), '/')

const server = createServer((request, response) => {
  answer(request, response).catch(error => {
    console.error(error)
    response.destroy()
  })
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))

// It ends with stop(), and with the process that started this one.
process.stdin.resume().on('close', () => process.exit())

/** Returns whether there is a document in the folder, or anywhere below it. Symbolic links are not followed. */
function publish(folder, path) {
  const entries = readdirSync(folder, { withFileTypes: true })
  const files = entries.filter(entry => entry.isFile() && isDocument(entry.name)).map(entry => entry.name)
  for (const name of files) pages.set(path + name, { file: join(folder, name) })

  const folders = entries
    .filter(entry => entry.isDirectory() && !isHidden(entry.name))
    .map(entry => `${entry.name}/`)
    .filter(name => publish(join(folder, name), path + name))

  const names = [...folders, ...files]
  if (names.length > 0 || path === '/') pages.set(path, { html: indexPage(path, names) })
  return names.length > 0
}

function indexPage(path, names) {
  const items = names.map(name => `<li><a href="./${urlOf('', name)}">${escapeHtml(name)}</a></li>`)
  return `<!doctype html>\n<title>${escapeHtml(path)}</title>\n<ul>\n${items.join('\n')}\n</ul>\n`
}

function escapeHtml(text) {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}

async function answer(request, response) {
  const page = pages.get(decodedPath(request.url))
  if (page === undefined) response.writeHead(404).end('There is no such page.\n')
  else if (page.html !== undefined) response.writeHead(200, { 'content-type': 'text/html' }).end(page.html)
  else response.writeHead(200, { 'content-type': typeOf(page.file) }).end(await readFile(page.file))
}

function typeOf(file) {
  if (/\.(md|markdown)$/i.test(file)) return 'text/markdown'
  return /\.html?$/i.test(file) ? 'text/html' : 'text/plain'
}
