/** Lints, and prints each file's messages and how long all of it took, in ms. */
export async function report(eslint, files) {
  const start = performance.now()
  const results = await eslint.lintFiles(files)
  const ms = performance.now() - start
  const messages = results.map(({ filePath, messages }) => ({ filePath, messages }))
  process.stdout.write(JSON.stringify({ messages, ms }))
}
