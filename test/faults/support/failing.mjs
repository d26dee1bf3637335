/* What can fail to load or to start, and what its error says (messages from the outermost to the first cause). */

export const modules = [
  ['missing.mjs', /Cannot find module .*missing\.mjs/],
  ['missing.cjs', /Cannot find module .*missing\.cjs/],
  ['syntax.mjs', /^SyntaxError/],
  ['throws.mjs', /boom at load/],
  ['throws.cjs', /boom at load/],
  ['missing-dependency.mjs', /not-there\.mjs/],
  ['missing-package.mjs', /no-such-package-anywhere/],
  ['never.mjs', /top-level await .*never settles/],
  ['exports-then.mjs', /named 'then' that it exports, never settles/],
]

const failedStart = /its worker died once too often: .*(could not start|exited|uncaught)/

export const preloads = [
  ['not-there.cjs', failedStart],
  ['preload-throws.cjs', failedStart],
  ['preload-exits.cjs', failedStart],
]

export const initializers = [
  ['throws', /boom in initializer/],
  ['rejects', /boom in initializer/],
  ['exits', /exited with code 9/],
  ['missing', /exports no function named 'missing'/],
  ['loops', /hangTimeout/],
  ['never', /initializer.*never settles/],
]
