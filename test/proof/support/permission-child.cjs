/* `node --permission … permission-child.cjs <file> [execArgv]`: tries to write the file from a task. */
const { AsyncPoolExecutor } = require('../../..')

const [file, execArgv] = process.argv.slice(2)
let executor
let outcome
try {
  executor = new AsyncPoolExecutor({
    ...(execArgv && { execArgv: JSON.parse(execArgv) }),
    onError: 'ignore',
    base: __dirname,
  })
  executor.run('../fixtures/inside.mjs', 'write', [file])
  outcome = 'written'
} catch (error) {
  outcome = error.code
}
console.log(JSON.stringify({ outcome, here: process.permission?.has('fs.write', file) }))
