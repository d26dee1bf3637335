/*
 * Crawls a web site of some thousand pages, 40 at a time, without one `await`: `node crawl.cjs [folder]`.
 *
 * The pages are the documents in node_modules, or another folder, served by a child process. The crawler starts at
 * the front page and follows the links it finds; at the end it checks against the file system that it got everything.
 */
const { join } = require('node:path')
const { AsyncPoolExecutor, asCompleted } = require('async-pool-executor')
const { compareWithDisk } = require('./crawl/check.cjs')
const { Progress } = require('./crawl/progress.cjs')

const folder = process.argv[2] ?? 'node_modules'
const executor = new AsyncPoolExecutor({ size: 40 })
const progress = new Progress()

const site = executor.run('./tasks/child.mjs', 'start', [join(__dirname, 'crawl/site.cjs'), folder])
console.log(`crawling ${folder} at ${site}`)
const start = performance.now()
const { pages, linkedFrom } = crawl(site)
progress.end()
const seconds = (performance.now() - start) / 1000
executor.run('./tasks/child.mjs', 'stop')
report()

/** Breadth first: all pages that are so many links away from the front page, then those that are one more away. */
function crawl(site) {
  const pages = new Map()
  const linkedFrom = new Map([['/', '']])
  let level = ['/']
  while (level.length > 0) {
    const futures = level.map(path => fetchLater(site, path, linkedFrom.size))
    level = []
    for (const future of asCompleted(futures)) {
      const page = future.result()
      pages.set(page.path, page)
      for (const path of page.links.filter(path => !linkedFrom.has(path))) {
        linkedFrom.set(path, page.path)
        level.push(path)
      }
    }
  }
  return { pages, linkedFrom }
}

/** Blocks while the queue is full: a level may have thousands of pages, the site never sees more than 40 requests. */
function fetchLater(site, path, known) {
  const future = executor.submit('./tasks/fetch-page.mjs', 'fetchPage', [site, path])
  future.onDone(() => progress.step(known)) // called also while this thread is blocked
  return future
}

function report() {
  const broken = [...pages.values()].filter(page => page.status === 404)
  const found = new Map([...pages].filter(([, page]) => page.status !== 404))
  const megabytes = [...found.values()].reduce((sum, page) => sum + page.bytes, 0) / 1e6
  console.log(`${found.size} pages, ${megabytes.toFixed(1)} MB, in ${seconds.toFixed(1)} s`)
  list(
    'broken links',
    broken.map(({ path }) => `${linkedFrom.get(path)} → ${path}`),
  )

  const { documents, problems } = compareWithDisk(folder, found)
  list('differences from the file system', problems)
  if (problems.length === 0)
    console.log(
      `✓ all ${documents} documents on disk and their ${found.size - documents} folders were crawled, byte for byte`,
    )
  else process.exitCode = 1
}

function list(title, lines, most = 10) {
  if (lines.length === 0) return
  console.log(`${title}: ${lines.length}`)
  for (const line of lines.slice(0, most)) console.log(`  ${line}`)
  if (lines.length > most) console.log(`  … and ${lines.length - most} more`)
}
