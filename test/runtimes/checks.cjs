/*
 * `<runtime> checks.cjs <name>` runs one check in a process of its own, with any test runner or none. A check is a
 * function that throws if something is wrong, or an object with that function as `run` and with what is to come of the
 * process: `code` (by default 0), the `lines` of its output (by default 'done'), and `stderr`.
 */
const checks = { ...require('./checks/calls.cjs'), ...require('./checks/ends.cjs') }

/** @type {Map<string, { run: () => unknown, code: number, lines: string[], stderr?: RegExp, answer?: { to: string, text: string } }>} */
const all = new Map(
  Object.entries(checks).map(([name, check]) => [
    name,
    { code: 0, lines: ['done'], ...(typeof check === 'function' ? { run: check } : check) },
  ]),
)

module.exports = all

if (require.main === module) {
  const done = () => require('node:fs').writeSync(1, 'done\n')
  const finished = all.get(process.argv.at(-1)).run()
  if (finished instanceof Promise) finished.then(done)
  else done()
}
