/* `node --permission … permission-child.cjs <file> [options]`: tries to write the file from a task. */
const { AsyncPoolExecutor } = require('../../..')

const [file, options] = process.argv.slice(2)
let executor
let outcome
try {
  executor = new AsyncPoolExecutor({
    ...(options && JSON.parse(options)),
    onError: 'ignore',
    base: __dirname,
  })
  executor.run('../fixtures/inside.mjs', 'write', [file])
  outcome = 'written'
} catch (error) {
  outcome = error.code
}
console.log(JSON.stringify({ outcome, here: process.permission?.has('fs.write', file) }))
