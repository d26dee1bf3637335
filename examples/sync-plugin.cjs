/*
 * An ESLint rule is synchronous, and Prettier 3 is not: a rule that formats with Prettier has to wait for a promise.
 * This one waits with `executor.run`. Run it as `node sync-plugin.cjs [file.js …]`; without files it takes samples.
 */
const { readFileSync } = require('node:fs')
const { AsyncPoolExecutor } = require('async-pool-executor')
const { Linter } = require('eslint')

const executor = new AsyncPoolExecutor()

const formatted = {
  meta: {
    type: 'layout',
    fixable: 'code',
    schema: [{ type: 'object' }],
    messages: { different: 'Prettier would go on with {{expected}}' },
  },
  create: context => ({
    Program() {
      const { text } = context.sourceCode
      const expected = executor.run('prettier', 'format', [text, { parser: 'babel', ...context.options[0] }])
      if (expected !== text) context.report(describe(context.sourceCode, expected))
    },
  }),
}

/** One message, at the first character that differs, with a fix for the whole file. */
function describe(sourceCode, expected) {
  const { text } = sourceCode
  let index = 0
  while (index < text.length && text[index] === expected[index]) index++
  return {
    loc: sourceCode.getLocFromIndex(index),
    messageId: 'different',
    data: { expected: JSON.stringify(expected.slice(index, index + 20)) },
    fix: fixer => fixer.replaceTextRange([0, text.length], expected),
  }
}

const config = {
  plugins: { prettier: { rules: { formatted } } },
  rules: { 'prettier/formatted': ['error', { semi: false, singleQuote: true }], 'no-unused-vars': 'warn' },
}

const samples = {
  'greet.js': 'export const greet=(name)=>{return "Hello, "+name+"!";};\n',
  'sum.js':
    'export function sum(...numbers) { let total = 0, unused;\nfor(const n of numbers) total+=n; return total }',
  'tidy.js': "export const tidy = 'nothing to do here'\n",
}

const files = process.argv.slice(2)
const sources =
  files.length > 0 ? files.map(file => [file, readFileSync(file, 'utf8')]) : Object.entries(samples)
for (const [name, source] of sources) {
  const linter = new Linter()
  for (const { line, column, message } of linter.verify(source, config, name))
    console.log(`${name}:${line}:${column}  ${message}`)
  const { output } = linter.verifyAndFix(source, config, name)
  console.log(`--- ${name}, fixed\n${output}`)
}
