// usage: lint-mdx.mjs <file ...>: ESLint with eslint-plugin-mdx, which parses with eslint-mdx; prints what it says, and
// how long it took
import { createHash } from 'node:crypto'
import { ESLint } from 'eslint'
import * as mdx from 'eslint-plugin-mdx'
import { report } from './report.mjs'

/** Says what the parser made of a file, all of it. */
const ast = {
  create: context => ({
    'Program:exit'(node) {
      const text = JSON.stringify(node, (key, value) => (key === 'parent' ? undefined : value))
      const hash = createHash('sha256').update(text).digest('hex')
      context.report({ node, message: `${text.length} ${hash}` })
    },
  }),
}

const eslint = new ESLint({
  cwd: '/',
  overrideConfigFile: true,
  ignore: false,
  overrideConfig: [
    {
      ...mdx.flat,
      files: ['**/*.md', '**/*.mdx'],
      plugins: { ...mdx.flat.plugins, seen: { rules: { ast } } },
      linterOptions: { reportUnusedDisableDirectives: 'off' },
      rules: { 'mdx/remark': 'warn', 'seen/ast': 'warn', 'no-irregular-whitespace': 'error' },
    },
  ],
})
await report(eslint, process.argv.slice(2))
