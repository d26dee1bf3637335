// usage: lint-with-prettier.mjs <file ...>: ESLint with eslint-plugin-prettier; prints what it says, and how long it took
import { ESLint } from 'eslint'
import prettier from 'eslint-plugin-prettier'
import { report } from './report.mjs'

const eslint = new ESLint({
  cwd: '/',
  overrideConfigFile: true,
  ignore: false,
  overrideConfig: [
    {
      files: ['**/*.mjs', '**/*.js', '**/*.cjs'],
      plugins: { prettier },
      linterOptions: { reportUnusedDisableDirectives: 'off' },
      rules: { 'prettier/prettier': ['error', { semi: true, printWidth: 70 }, { usePrettierrc: false }] },
    },
  ],
})
await report(eslint, process.argv.slice(2))
